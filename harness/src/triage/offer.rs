//! Transforms in the words in which people configure them.

use std::net::Ipv4Addr;

use l2tpspec_protocol::isakmp::wire::{
    Attribute, AuthenticationAlgorithm, AuthenticationMethod, EncapsulationMode, EncryptionAlgorithm, Group,
    HashAlgorithm, Id, Identity, Phase1Class, Phase2Class, ProtocolId, Sa, Transform, transform_name,
};

/// Transforms named of one offer; scanners offer hundreds.
const NAMED: usize = 40;

/// Every transform of an offer.
pub(crate) fn transforms(sa: &Sa) -> Vec<String> {
    let all = sa.proposals.iter().flat_map(|proposal| {
        proposal.transforms.iter().map(|transform| match proposal.protocol {
            ProtocolId::Isakmp => phase_1(transform),
            protocol => phase_2(protocol, transform),
        })
    });
    let mut named: Vec<String> = Vec::new();
    for transform in all {
        if named.len() == NAMED {
            break;
        }
        if !named.contains(&transform) {
            named.push(transform);
        }
    }
    named
}

fn number(transform: &Transform, class: u16) -> Option<u16> {
    u16::try_from(transform.attribute(class).and_then(Attribute::value_u64)?).ok()
}

/// As in "AES-CBC 256, SHA1, MODP1024, pre-shared key".
fn phase_1(transform: &Transform) -> String {
    let value = |class: Phase1Class| number(transform, class.number());
    let named = |what: &str, name: Option<&'static str>, number: u16| {
        name.map_or_else(|| format!("{what} {number}"), str::to_owned)
    };
    let mut words = Vec::new();
    if let Some(cipher) = value(Phase1Class::EncryptionAlgorithm) {
        let mut word = named("cipher", EncryptionAlgorithm::from_number(cipher).name(), cipher);
        if let Some(bits) = value(Phase1Class::KeyLength) {
            word = format!("{word} {bits}");
        }
        words.push(word);
    }
    if let Some(hash) = value(Phase1Class::HashAlgorithm) {
        words.push(match HashAlgorithm::from_number(hash) {
            HashAlgorithm::Sha1 => "SHA1".to_owned(),
            other => named("hash", other.name(), hash),
        });
    }
    if let Some(group) = value(Phase1Class::GroupDescription) {
        words.push(named("group", Group::from_number(group).name(), group));
    }
    if let Some(method) = value(Phase1Class::AuthenticationMethod) {
        words.push(named("authentication method", AuthenticationMethod::from_number(method).name(), method));
    }
    if words.is_empty() { "a transform without attributes".to_owned() } else { words.join(", ") }
}

/// As in "ESP AES-CBC 256, HMAC-SHA1, transport mode, PFS MODP1024".
fn phase_2(protocol: ProtocolId, transform: &Transform) -> String {
    let value = |class: Phase2Class| number(transform, class.number());
    let mut first = transform_name(protocol, transform.id)
        .map_or_else(|| format!("{protocol} transform {}", transform.id), |name| name.replacen('_', " ", 1));
    if let Some(bits) = value(Phase2Class::KeyLength) {
        first = format!("{first} {bits}");
    }
    let mut words = vec![first];
    if let Some(integrity) = value(Phase2Class::AuthenticationAlgorithm) {
        words.push(match AuthenticationAlgorithm::from_number(integrity) {
            AuthenticationAlgorithm::HmacSha => "HMAC-SHA1".to_owned(),
            other => other.name().map_or_else(|| format!("integrity {integrity}"), str::to_owned),
        });
    }
    if let Some(mode) = value(Phase2Class::EncapsulationMode) {
        words.push(match EncapsulationMode::from_number(mode) {
            EncapsulationMode::Tunnel
            | EncapsulationMode::UdpEncapsulatedTunnel
            | EncapsulationMode::UdpEncapsulatedTunnelDraft => "tunnel mode".to_owned(),
            EncapsulationMode::Transport
            | EncapsulationMode::UdpEncapsulatedTransport
            | EncapsulationMode::UdpEncapsulatedTransportDraft => "transport mode".to_owned(),
            EncapsulationMode::Unknown(mode) => format!("mode {mode}"),
        });
    }
    if let Some(group) = value(Phase2Class::GroupDescription) {
        let group = Group::from_number(group);
        words.push(group.name().map_or_else(|| format!("PFS group {group}"), |name| format!("PFS {name}")));
    }
    words.join(", ")
}

/// An identity, and what traffic it stands for, as in "192.168.1.10 udp/1701".
pub(super) fn identity(id: &Id) -> String {
    let who = match id.identity() {
        Identity::Ipv4(address) => address.to_string(),
        Identity::Ipv4Subnet(address, mask) => format!("{address}/{}", u32::from(mask).leading_ones()),
        Identity::Ipv4Range(first, last) => format!("{first}-{last}"),
        Identity::Ipv6(address) => address.to_string(),
        Identity::Ipv6Subnet(address, mask) => format!("{address}/{}", u128::from(mask).leading_ones()),
        Identity::Ipv6Range(first, last) => format!("{first}-{last}"),
        Identity::Fqdn(name) | Identity::UserFqdn(name) => quoted(name),
        Identity::KeyId(octets) => format!("key ID of {} octets", octets.len()),
        Identity::Other(octets) => format!("{} of {} octets", id.id_type, octets.len()),
    };
    let protocol = match id.protocol {
        0 => return who,
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        other => format!("protocol {other}"),
    };
    match id.port {
        0 => format!("{who} {protocol}"),
        port => format!("{who} {protocol}/{port}"),
    }
}

/// The address of an identity that is one.
pub(super) fn address(id: &Id) -> Option<Ipv4Addr> {
    match id.identity() {
        Identity::Ipv4(address) => Some(address),
        _ => None,
    }
}

/// Octets meant as text, at most a line of it, with what cannot be printed escaped: a peer does not get to steer
/// the terminal.
pub(crate) fn quoted(octets: &[u8]) -> String {
    const LONGEST: usize = 120;
    let text = String::from_utf8_lossy(octets);
    let mut line: String = text.chars().take(LONGEST).collect::<String>().escape_debug().to_string();
    if text.chars().count() > LONGEST {
        line.push('…');
    }
    format!("\"{line}\"")
}

#[cfg(test)]
mod tests {
    use l2tpspec_protocol::isakmp::wire::{Doi, Proposal, Situation};

    use super::*;

    fn sa(protocol: ProtocolId, id: u8, attributes: &[(u16, u16)]) -> Sa {
        let attributes = attributes.iter().map(|(class, value)| Attribute::basic(*class, *value)).collect();
        let transform = Transform { reserved: 0, number: 1, id, reserved2: 0, attributes };
        let transforms = vec![transform.clone(), transform];
        let proposal = Proposal { reserved: 0, number: 1, protocol, spi: Vec::new(), transforms };
        Sa { doi: Doi::Ipsec, situation: Situation::IdentityOnly, proposals: vec![proposal] }
    }

    #[test]
    fn a_phase_1_transform_is_named_as_people_configure_it_and_once() {
        let offer =
            sa(ProtocolId::Isakmp, 1, &[(1, 7), (14, 256), (2, 2), (4, 2), (3, 1), (11, 1), (12, 28800)]);
        assert_eq!(transforms(&offer), ["AES-CBC 256, SHA1, MODP1024, pre-shared key"]);
        let offer = sa(ProtocolId::Isakmp, 1, &[(1, 77), (2, 66), (4, 55), (3, 44)]);
        assert_eq!(transforms(&offer), ["cipher 77, hash 66, group 55, authentication method 44"]);
        assert_eq!(transforms(&sa(ProtocolId::Isakmp, 1, &[])), ["a transform without attributes"]);
    }

    #[test]
    fn a_phase_2_transform_is_named_with_its_mode_and_group() {
        let offer = sa(ProtocolId::Esp, 12, &[(6, 128), (5, 2), (4, 61444), (3, 14)]);
        assert_eq!(transforms(&offer), ["ESP AES-CBC 128, HMAC-SHA1, transport mode, PFS MODP2048"]);
        let offer = sa(ProtocolId::Esp, 3, &[(5, 1), (4, 1)]);
        assert_eq!(transforms(&offer), ["ESP 3DES, HMAC-MD5, tunnel mode"]);
    }

    #[test]
    fn identities_say_which_traffic_is_meant() {
        let address = Ipv4Addr::new(192, 168, 1, 10);
        assert_eq!(identity(&Id::ipv4(address, 17, 1701)), "192.168.1.10 udp/1701");
        assert_eq!(identity(&Id::ipv4(address, 17, 0)), "192.168.1.10 udp");
        assert_eq!(identity(&Id::ipv4(address, 0, 0)), "192.168.1.10");
    }

    #[test]
    fn text_of_a_peer_is_escaped_and_cut() {
        assert_eq!(quoted(b"a\x1b[31m\""), "\"a\\u{1b}[31m\\\"\"");
        assert!(quoted(&[b'x'; 500]).len() < 140);
    }
}
