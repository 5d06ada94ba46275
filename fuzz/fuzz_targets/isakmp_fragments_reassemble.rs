#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| l2tpspec::fuzz::reassembly::isakmp_fragments_reassemble(octets));
