//! Sensors, the thermal model, and the choice between them.
#![forbid(unsafe_code)]

pub mod sensor;

pub mod thermal;

pub mod load;

pub mod model;

pub mod replay;

pub mod select;

pub mod sampler;
