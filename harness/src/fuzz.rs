//! What the fuzz targets in `fuzz/` run: one body for each parser, here so that stable builds and tests them.
//!
//! A body asserts more than the absence of panics: whatever decodes encodes back to the same octets, what was split
//! comes together again, what was sealed opens, and every value shows itself as valid JSON in which no name stands
//! twice. Where chance would hardly ever hit a length or a checksum, the body also tries the octets with the right one.

pub mod capture;
mod check;
pub mod composed;
pub mod esp;
pub mod isakmp;
pub mod l2tp;
pub mod machine;
pub mod ospf;
pub mod ppp;
pub mod reassembly;
pub mod seed;
pub mod transcript;
mod window;

/// A name in `fuzz/fuzz_targets` and `fuzz/corpus`, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    ("capture_keys_read", capture::keys_read),
    ("capture_pcap_read", capture::pcap_read),
    ("capture_pcapng_read", capture::pcapng_read),
    ("capture_pppd_read", capture::pppd_read),
    ("esp_datagram_round_trip", esp::datagram_round_trip),
    ("esp_packet_open", esp::packet_open),
    ("esp_payload_seal_open", esp::payload_seal_open),
    ("ipv4_fragments_reassemble", reassembly::ipv4_fragments_reassemble),
    ("isakmp_attributes_round_trip", isakmp::attributes_round_trip),
    ("isakmp_fragments_reassemble", reassembly::isakmp_fragments_reassemble),
    ("isakmp_message_round_trip", isakmp::message_round_trip),
    ("isakmp_sa_round_trip", isakmp::sa_round_trip),
    ("l2tp_avp_round_trip", l2tp::avp_round_trip),
    ("l2tp_control_round_trip", l2tp::control_round_trip),
    ("l2tp_header_round_trip", l2tp::header_round_trip),
    ("l2tp_hidden_avp_open_hide", l2tp::hidden_avp_open_hide),
    ("machine_established_attack", machine::established_attack),
    ("machine_handshake_attack", machine::handshake_attack),
    ("machine_ospf_packets", machine::ospf_packets),
    ("machine_peer_garbage", machine::peer_garbage),
    ("ospf_lsa_round_trip", ospf::lsa_round_trip),
    ("ospf_packet_round_trip", ospf::packet_round_trip),
    ("ppp_ccp_options_round_trip", ppp::ccp_options_round_trip),
    ("ppp_chap_round_trip", ppp::chap_round_trip),
    ("ppp_eap_round_trip", ppp::eap_round_trip),
    ("ppp_frame_round_trip", ppp::frame_round_trip),
    ("ppp_ipcp_options_round_trip", ppp::ipcp_options_round_trip),
    ("ppp_ipv6cp_options_round_trip", ppp::ipv6cp_options_round_trip),
    ("ppp_lcp_options_round_trip", ppp::lcp_options_round_trip),
    ("ppp_pap_round_trip", ppp::pap_round_trip),
    ("transcript_capture_dissect", transcript::capture_dissect),
];

/// The body of a target.
#[must_use]
pub fn target(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(own, _)| *own == name).map(|(_, run)| *run)
}
