//! What the tests of hardware sensors share: fixture machines.
// Each test binary compiles all of it and uses a part.
#![allow(dead_code)]

pub(crate) mod tree;
