#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| l2tpspec::fuzz::ospf::packet_round_trip(octets));
