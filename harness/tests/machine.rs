//! The state machines under attacks made up at random: the bodies of the fuzz targets on stable.

use l2tpspec::fuzz::machine;
use proptest::prelude::*;

fn programs() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("STRESS").ok().and_then(|n| n.parse().ok()).unwrap_or(24), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_from_outside_breaks_no_tunnel(program in programs()) {
        machine::established_attack(&program);
    }

    #[test]
    fn an_attack_from_the_first_message_on_harms_nobody_else(program in programs()) {
        machine::handshake_attack(&program);
    }

    #[test]
    fn a_client_that_says_what_it_should_not_harms_nobody_else(program in programs()) {
        machine::peer_garbage(&program);
    }

    #[test]
    fn packets_of_ospf_in_any_order_leave_timers_that_come_to_rest(program in programs()) {
        machine::ospf_packets(&program);
    }
}
