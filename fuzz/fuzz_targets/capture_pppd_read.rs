#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| l2tpspec::fuzz::capture::pppd_read(octets));
