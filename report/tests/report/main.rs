//! The report of made-up experiments whose figures can be worked out on paper.

mod made_up;

mod figures;

mod reading;

mod writing;

mod pages;
