#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trusty_fuzz::report(bytes));
