#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| l2tpspec::fuzz::machine::peer_garbage(octets));
