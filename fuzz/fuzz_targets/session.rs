#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| maxwell_fuzz::bodies::session(bytes));
