//! Calibration, with the model as the machine: what was put in has to come out, through noise and rounding.

mod figures;

mod plant;

mod recordings;

mod reference;

mod refusals;
