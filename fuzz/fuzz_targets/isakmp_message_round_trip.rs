#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| l2tpspec::fuzz::isakmp::message_round_trip(octets));
