//! The `maxwell` command.
fn main() {}
