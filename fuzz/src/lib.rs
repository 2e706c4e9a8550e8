//! The bodies of the fuzz targets. They lie with the tests of the ledger, which run them on fixed seeds.

#[path = "../../ledger/tests/parsers/bodies.rs"]
pub mod bodies;
