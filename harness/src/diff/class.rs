//! The one table that says of every field of every message what a difference in it means.
//!
//! A field is named by its layer and the way to it through lists, as in `avps.host_name` of `l2tp`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a difference in a field means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Chance, a counter, or a fact about who and where: never compared. Relations between such values are judged by rules.
    Volatile,
    /// An address that was assigned: compared by its /24.
    Pool,
    /// Offered by one end and chosen by the other.
    Negotiated,
    /// What an end does by its configuration or its nature.
    Policy,
    /// When something happens: compared with a tolerance.
    Timing,
    /// Follows from other fields: lengths, checksums, numbers whose names stand beside them, traffic of users.
    Derived,
}

use Class::{Derived, Negotiated, Policy, Pool, Timing, Volatile};

impl Class {
    /// The word of the reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Volatile => "volatile",
            Self::Pool => "pool",
            Self::Negotiated => "negotiated",
            Self::Policy => "policy",
            Self::Timing => "timing",
            Self::Derived => "derived",
        }
    }

    /// The class of a field; `None` if the table lacks it.
    #[must_use]
    pub fn of(layer: &str, path: &str) -> Option<Self> {
        BY_LAYER.get(layer)?.get(path).copied()
    }
}

static BY_LAYER: LazyLock<BTreeMap<&'static str, BTreeMap<&'static str, Class>>> = LazyLock::new(|| {
    let mut all: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (layer, class, paths) in TABLE {
        let fields = all.entry(*layer).or_default();
        fields.extend(paths.split_ascii_whitespace().map(|path| (path, *class)));
    }
    all
});

/// Layer, class, and the fields of that class.
const TABLE: &[(&str, Class, &str)] = &[
    ("ip", Volatile, "source destination identification"),
    // A fragment's size shows the MTU of the sender's link; the rest is the user's traffic and the way it took.
    ("ip", Policy, "more_fragments fragment_offset"),
    ("ip", Derived, "protocol type_of_service total_length dont_fragment time_to_live not_read"),
    ("ipv6", Volatile, "source destination"),
    ("ipv6", Derived, "next_header payload_length hop_limit not_read"),
    ("udp", Volatile, "source_port destination_port"),
    ("udp", Derived, "length checksum not_read"),
    ("tcp", Volatile, "source_port destination_port sequence_number acknowledgment_number window"),
    ("tcp", Policy, "maximum_segment_size"),
    ("tcp", Derived, "flags not_read"),
    ("icmp", Volatile, "identifier sequence_number"),
    ("icmp", Policy, "next_hop_mtu"),
    ("icmp", Derived, "icmp_type code checksum data_length not_read rest"),
    ("udpencap", Derived, "carries not_read"),
    ("esp", Volatile, "security_parameters_index sequence_number"),
    ("esp", Policy, "padding_is_sequential"),
    ("esp", Derived, "length protection integrity_verified pad_length next_header not_read"),
    ("isakmp", Volatile, "initiator_cookie responder_cookie message_id padding payloads.proposals.spi"),
    (
        "isakmp",
        Volatile,
        "payloads.key_exchange_data payloads.nonce_data payloads.hash_data payloads.signature_data",
    ),
    ("isakmp", Volatile, "payloads.hash_of_address_and_port payloads.spi payloads.spis payloads.cookies"),
    ("isakmp", Volatile, "payloads.sequence_number payloads.address payloads.mask payloads.first_address"),
    ("isakmp", Volatile, "payloads.last_address payloads.fqdn payloads.user_fqdn payloads.key_id"),
    (
        "isakmp",
        Volatile,
        "payloads.identification_data payloads.certificate_data payloads.certificate_authority",
    ),
    ("isakmp", Volatile, "payloads.fragment_id payloads.fragment_data payloads.identifier payloads.data"),
    (
        "isakmp",
        Policy,
        "version exchange_type flags payloads.payload payloads.vendor_id payloads.vendor_name",
    ),
    ("isakmp", Policy, "payloads.doi payloads.situation payloads.id_type payloads.protocol_id payloads.port"),
    ("isakmp", Policy, "payloads.notify_message_type payloads.notification_data payloads.replay_status"),
    ("isakmp", Policy, "payloads.payload_reserved payloads.reserved payloads.certificate_encoding"),
    (
        "isakmp",
        Policy,
        "payloads.certificate_type payloads.type payloads.config_reserved payloads.attributes.class",
    ),
    ("isakmp", Policy, "payloads.attributes.form payloads.attributes.value payloads.fragment_number"),
    ("isakmp", Policy, "payloads.proposals.reserved payloads.proposals.proposal_number payloads.flags"),
    ("isakmp", Policy, "payloads.proposals.transforms.reserved payloads.proposals.transforms.reserved2"),
    (
        "isakmp",
        Policy,
        "payloads.proposals.transforms.transform_number payloads.proposals.transforms.attributes.form",
    ),
    (
        "isakmp",
        Negotiated,
        "payloads.proposals payloads.proposals.protocol_id payloads.proposals.transforms.transform_id",
    ),
    (
        "isakmp",
        Negotiated,
        "payloads.proposals.transforms.attributes.class payloads.proposals.transforms.attributes.value",
    ),
    ("isakmp", Derived, "next_payload length protection hash_is_right reassembled payloads not_read"),
    (
        "isakmp",
        Derived,
        "payloads.payload_type payloads.payload_length payloads.spi_size payloads.attributes.length",
    ),
    ("isakmp", Derived, "payloads.proposals.payload_length payloads.proposals.number_of_transforms"),
    (
        "isakmp",
        Derived,
        "payloads.proposals.transforms.payload_length payloads.proposals.transforms.attributes.length",
    ),
    (
        "l2tp",
        Volatile,
        "tunnel_id session_id ns nr avps.assigned_tunnel_id avps.assigned_session_id avps.tie_breaker",
    ),
    ("l2tp", Volatile, "avps.call_serial_number avps.challenge avps.challenge_response avps.random_vector"),
    (
        "l2tp",
        Volatile,
        "avps.hidden_value avps.calling_number avps.proxy_authen_name avps.proxy_authen_challenge",
    ),
    ("l2tp", Volatile, "avps.proxy_authen_response avps.proxy_authen_id padding"),
    (
        "l2tp",
        Policy,
        "length_bit sequence_bit offset_bit priority_bit reserved version offset_size offset_pad",
    ),
    (
        "l2tp",
        Policy,
        "avps.mandatory avps.hidden avps.reserved avps.vendor_id avps.value avps.ill_sized_value",
    ),
    ("l2tp", Policy, "avps.avp_type avps.message_type avps.result_code avps.error_code avps.error_message"),
    (
        "l2tp",
        Policy,
        "avps.protocol_version avps.protocol_revision avps.framing_capabilities avps.bearer_capabilities",
    ),
    ("l2tp", Policy, "avps.firmware_revision avps.host_name avps.vendor_name avps.receive_window_size"),
    ("l2tp", Policy, "avps.bearer_type avps.framing_type avps.tx_connect_speed avps.rx_connect_speed"),
    ("l2tp", Policy, "avps.called_number avps.sub_address avps.physical_channel_id avps.private_group_id"),
    (
        "l2tp",
        Policy,
        "avps.initial_received_lcp_confreq avps.last_sent_lcp_confreq avps.last_received_lcp_confreq",
    ),
    ("l2tp", Policy, "avps.proxy_authen_type avps.sequencing_required avps.disconnect_code avps.direction"),
    ("l2tp", Policy, "avps.advisory_message avps.control_protocol_number avps.minimum_bps avps.maximum_bps"),
    ("l2tp", Policy, "avps.send_accm avps.receive_accm"),
    ("l2tp", Volatile, "avps.crc_errors avps.framing_errors avps.hardware_overruns avps.buffer_overruns"),
    ("l2tp", Volatile, "avps.time_out_errors avps.alignment_errors"),
    (
        "l2tp",
        Derived,
        "type length avps avps.length avps.asynchronous avps.synchronous avps.analog avps.digital",
    ),
    ("l2tp", Derived, "payload_octets not_read"),
    ("ppp", Policy, "address_and_control protocol_compressed protocol"),
    ("ppp", Policy, "code options.option options.data message type_data"),
    ("ppp", Volatile, "identifier data rejected_packet magic_number padding callback value name"),
    ("ppp", Derived, "length options options.length not_read type values kind"),
    (
        "lcp",
        Volatile,
        "identifier magic_number options.magic_number options.link_discriminator options.address",
    ),
    ("lcp", Volatile, "rejected_information rejected_packet padding seconds_remaining data"),
    ("lcp", Negotiated, "options.option options.mru options.async_control_character_map options.data"),
    ("lcp", Negotiated, "options.authentication_protocol options.algorithm options.quality_protocol"),
    (
        "lcp",
        Negotiated,
        "options.reporting_period options.fcs_alternatives options.operation options.maximum",
    ),
    ("lcp", Negotiated, "options.mrru options.class options.code options.suspendable_classes options.kind"),
    ("lcp", Negotiated, "options.organizationally_unique_identifier options.values options.ill_sized"),
    ("lcp", Policy, "code message rejected_protocol kind values organizationally_unique_identifier"),
    ("lcp", Derived, "length options options.length not_read"),
    ("ipcp", Volatile, "identifier rejected_packet padding data"),
    ("ipcp", Pool, "options.ip_address options.source_ip_address options.destination_ip_address"),
    (
        "ipcp",
        Negotiated,
        "options.option options.ip_compression_protocol options.max_slot_id options.comp_slot_id",
    ),
    (
        "ipcp",
        Negotiated,
        "options.primary_dns_address options.secondary_dns_address options.primary_nbns_address",
    ),
    ("ipcp", Negotiated, "options.secondary_nbns_address options.data options.ill_sized"),
    ("ipcp", Policy, "code kind values organizationally_unique_identifier"),
    ("ipcp", Derived, "length options options.length not_read magic_number"),
    ("ipv6cp", Volatile, "identifier options.interface_identifier rejected_packet padding data"),
    ("ipv6cp", Negotiated, "options.option options.ipv6_compression_protocol options.data options.ill_sized"),
    ("ipv6cp", Policy, "code"),
    ("ipv6cp", Derived, "length options options.length not_read"),
    ("ccp", Volatile, "identifier rejected_packet padding data"),
    ("ccp", Negotiated, "options.option options.stateless options.strength_128_bit options.strength_56_bit"),
    ("ccp", Negotiated, "options.strength_40_bit options.obsolete options.compression options.version"),
    ("ccp", Negotiated, "options.dictionary_bits options.window options.method options.check options.data"),
    (
        "ccp",
        Negotiated,
        "options.history_count options.check_mode options.subtype options.values options.ill_sized",
    ),
    ("ccp", Negotiated, "options.organizationally_unique_identifier"),
    ("ccp", Policy, "code"),
    ("ccp", Derived, "length options options.length options.supported_bits not_read"),
    ("pap", Volatile, "identifier peer_id password padding"),
    ("pap", Policy, "code message"),
    ("pap", Derived, "length data not_read"),
    // The name of a Challenge is compared by the observer, that of a Response says who the user is.
    (
        "chap",
        Volatile,
        "identifier value padding mschap.authenticator_response mschap.challenge mschap.nt_response",
    ),
    ("chap", Volatile, "mschap.peer_challenge mschap.lan_manager_response data"),
    ("chap", Policy, "code name mschap.error mschap.retry_allowed mschap.version mschap.message_text"),
    ("chap", Policy, "mschap.flags mschap.reserved mschap.upper_case mschap.use_nt_response"),
    ("chap", Derived, "length message not_read"),
    ("eap", Volatile, "identifier identity value password ms_chapv2_id data type_data vendor_data padding"),
    ("eap", Policy, "code type op_code message name vendor_id vendor_type desired_types"),
    ("eap", Derived, "length not_read"),
    (
        "ospf",
        Volatile,
        "router_id designated_router backup_designated_router neighbors message_digest authentication",
    ),
    ("ospf", Volatile, "cryptographic_sequence_number dd_sequence_number checksum"),
    ("ospf", Volatile, "requests.ls_type requests.link_state_id requests.advertising_router"),
    (
        "ospf",
        Volatile,
        "lsa_headers.ls_age lsa_headers.ls_type lsa_headers.link_state_id lsa_headers.ls_checksum",
    ),
    ("ospf", Volatile, "lsa_headers.advertising_router lsa_headers.ls_sequence_number lsa_headers.length"),
    (
        "ospf",
        Volatile,
        "lsas.ls_age lsas.ls_type lsas.link_state_id lsas.advertising_router lsas.ls_sequence_number",
    ),
    ("ospf", Volatile, "lsas.ls_checksum lsas.links.link_id lsas.links.link_data lsas.network_mask"),
    ("ospf", Volatile, "lsas.attached_routers lsas.forwarding_address lsas.opaque_information lsas.body"),
    ("ospf", Volatile, "lsas.ill_formed_body lls"),
    (
        "ospf",
        Policy,
        "version area_id authentication_type key_id authentication_zero router_priority network_mask",
    ),
    (
        "ospf",
        Policy,
        "option_e option_mc option_np option_dc option_l option_o interface_mtu lsas.links.metric",
    ),
    ("ospf", Timing, "hello_interval router_dead_interval"),
    (
        "ospf",
        Derived,
        "packet_type packet_length authentication_data_length options flags flag_i flag_m flag_ms",
    ),
    ("ospf", Derived, "lsa_headers lsa_headers.options lsa_headers.option_e lsa_headers.option_mc"),
    (
        "ospf",
        Derived,
        "lsa_headers.option_np lsa_headers.option_dc lsa_headers.option_l lsa_headers.option_o",
    ),
    (
        "ospf",
        Derived,
        "lsas.options lsas.option_e lsas.option_mc lsas.option_np lsas.option_dc lsas.option_l",
    ),
    ("ospf", Derived, "lsas.option_o lsas.length lsas.ls_checksum_fits lsas.flags lsas.flag_v lsas.flag_e"),
    (
        "ospf",
        Derived,
        "lsas.flag_b lsas.reserved lsas.links.link_type lsas.links.tos_metrics.tos lsas.metric",
    ),
    (
        "ospf",
        Derived,
        "lsas.links.tos_metrics.metric lsas.links.tos_metrics.reserved lsas.external_route_tag",
    ),
    ("ospf", Derived, "lsas.tos lsas.tos_metrics.tos lsas.tos_metrics.reserved lsas.tos_metrics.metric"),
    (
        "ospf",
        Derived,
        "lsas.tos_routes.flag_e lsas.tos_routes.tos lsas.tos_routes.metric body number_of_lsas not_read",
    ),
    ("ospf", Derived, "lsas.tos_routes.forwarding_address lsas.tos_routes.external_route_tag"),
    (
        "dns",
        Derived,
        "id flags is_response response_code is_truncated questions.name questions.record_type answers",
    ),
    ("dns", Derived, "addresses not_read"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_stands_in_the_table_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (layer, _, paths) in TABLE {
            for path in paths.split_ascii_whitespace() {
                assert!(seen.insert((*layer, path)), "{layer} {path} stands twice");
            }
        }
        assert_eq!(Class::of("l2tp", "avps.host_name"), Some(Policy));
        assert_eq!(Class::of("l2tp", "avps.nonsense"), None);
    }
}
