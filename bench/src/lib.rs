//! Benchmarks of what SPECIFICATION.md promises.
