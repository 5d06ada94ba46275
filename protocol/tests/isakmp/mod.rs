//! IKEv1 as a layer: two ends in virtual time (RFC 2409).

mod crossing;
mod damage;
mod flood;
mod life;
mod recorded;
mod responder_lifetime;
pub(crate) mod support;

use std::time::Duration;

use l2tpspec_protocol::isakmp::policy::Incompatible;
use l2tpspec_protocol::isakmp::wire::{Group, Known, NotifyType, VendorId};
use l2tpspec_protocol::isakmp::{
    Command, Datagram, Event, Failure, InitialContact, MessageIds, Mode, NatMethod, Padding,
};

use l2tpspec_protocol::layer::Layer;

use crate::support::pair::Side;
use support::{CLIENT, SUPERNODE, assert_joined, at, children, config, connect, joined, pair, standing};

const SOON: Duration = Duration::from_secs(1);

#[test]
fn main_mode_and_quick_mode_take_nine_messages() {
    for group in [Group::Modp1024, Group::Modp1536, Group::Modp2048, Group::Ecp256, Group::Ecp384] {
        let mut pair = pair(config(group), config(group));
        connect(&mut pair);
        pair.run(SOON);
        assert_joined(&pair, &group.to_string());
        assert_eq!((pair.left.sent.len(), pair.right.sent.len()), (5, 4), "{group}");
        let child = &children(&pair.left.events)[0];
        assert!(!child.is_encapsulated);
        assert_eq!((child.local, child.peer), (CLIENT, SUPERNODE));
        assert_eq!(pair.right.layer.half_open(), 0);
    }
}

/// IKE-2409-5.4-c. INITIAL-CONTACT may not be in it (DOI-2407-4.6.3-a), so it is said apart.
#[test]
fn aggressive_mode_takes_three_messages() {
    let aggressive = || l2tpspec_protocol::isakmp::Config {
        mode: Mode::Aggressive,
        initial_contact: InitialContact::Apart,
        padding: Padding::Least,
        ..config(Group::Modp1024)
    };
    let mut pair = pair(aggressive(), config(Group::Modp1024));
    connect(&mut pair);
    pair.run(SOON);
    assert_joined(&pair, "aggressive");
    assert_eq!((pair.left.sent.len(), pair.right.sent.len()), (2 + 1 + 2, 2));
    let said = |(_, event): &(_, Event)| {
        matches!(
            event,
            Event::NotifyReceived { notify: NotifyType::InitialContact, is_authenticated: true, .. }
        )
    };
    assert!(pair.right.events.iter().any(said));
}

/// IKE-2409-5.5-e.
#[test]
fn quick_mode_with_a_key_exchange_of_its_own() {
    let mut client = config(Group::Modp1024);
    client.phase2_offer.group = Some(Group::Modp1024);
    client.message_ids = MessageIds::Sequential;
    let mut pair = pair(client, config(Group::Modp1024));
    connect(&mut pair);
    pair.run(SOON);
    assert_joined(&pair, "perfect forward secrecy");
    let Datagram::Message { octets, .. } = &pair.left.sent[3].1 else { panic!("a message") };
    assert_eq!(octets[20..24], [0, 0, 0, 1], "message IDs count from 1");
}

/// NATT-3947-4-a, NATT-3947-4-c, NATT-3947-5.1-a, NATT-3948-4-b.
#[test]
fn behind_a_translator_the_ends_move_to_port_4500_and_encapsulate() {
    for (offered, method) in
        [(Known::Rfc3947, NatMethod::Rfc3947), (Known::NatTDraft02Newline, NatMethod::Draft02Newline)]
    {
        let mut client = config(Group::Modp1024);
        client.vendor_ids = vec![VendorId::of(offered).expect("fixed")];
        let outside = at(254, 40_000);
        let mut pair = joined(client, config(Group::Modp1024), Some(outside), |_, _| vec![Duration::ZERO]);
        connect(&mut pair);
        pair.run(Duration::from_secs(50));
        assert_joined(&pair, "behind a translator");
        let of_client = &children(&pair.left.events)[0];
        assert!(of_client.is_encapsulated);
        assert_eq!((of_client.local, of_client.peer), (at(2, 4500), at(1, 4500)));
        let of_supernode = &children(&pair.right.events)[0];
        assert_eq!((of_supernode.local, of_supernode.peer), (at(1, 4500), at(254, 40_001)));
        let found = pair.left.events.iter().find_map(|(_, event)| match event {
            Event::Phase1Established { nat, nat_method, .. } => Some((*nat, *nat_method)),
            _ => None,
        });
        let (nat, agreed) = found.expect("an SA");
        assert!(nat.own_end && !nat.peer_end);
        assert_eq!(agreed, Some(method));
        let keepalives: Vec<u64> = pair
            .left
            .sent
            .iter()
            .filter(|(_, sent)| matches!(sent, Datagram::Keepalive { .. }))
            .map(|(moment, _)| moment.as_micros() / 1_000_000)
            .collect();
        assert_eq!(keepalives, [20, 40]);
        assert!(pair.right.sent.iter().all(|(_, sent)| matches!(sent, Datagram::Message { .. })));
    }
}

#[test]
fn no_proposal_in_common_is_said_and_ends_the_exchange() {
    let mut pair = pair(config(Group::Modp1024), config(Group::Modp2048));
    connect(&mut pair);
    pair.run(SOON);
    let failed =
        |why| move |(_, event): &(_, Event)| matches!(event, Event::Failed { why: it, .. } if *it == why);
    let refused = Failure::Refused(NotifyType::NoProposalChosen);
    assert!(pair.left.events.iter().any(failed(refused)), "{:?}", pair.left.events);
    let nothing = Failure::NothingChosen(Incompatible::NoSuiteAccepted);
    assert!(pair.right.events.iter().any(failed(nothing)), "{:?}", pair.right.events);
    assert_eq!(pair.left.layer.next_timeout(), None);
}

/// ISAKMP-2408-5.11-a, ISAKMP-2408-5.1-c, ISAKMP-2408-5.1-d: message 5 is repeated in vain.
#[test]
fn with_keys_that_differ_nobody_is_authenticated() {
    let mut other = config(Group::Modp1024);
    other.pre_shared_keys[0].key = b"another".to_vec();
    let mut pair = pair(config(Group::Modp1024), other);
    connect(&mut pair);
    pair.run(Duration::from_secs(60));
    assert!(standing(&pair.left.events).is_empty() && standing(&pair.right.events).is_empty());
    let sent: Vec<u64> = pair.left.sent.iter().map(|(moment, _)| moment.as_micros() / 10_000).collect();
    assert_eq!(sent, [0, 2, 4, 104, 304], "two messages, then message 5 three times");
    let gave_up =
        (pair.left.events.last()).map(|(moment, event)| (moment.as_micros() / 10_000, event.clone()));
    let Some((704, Event::Failed { why: Failure::NoAnswer, .. })) = gave_up else { panic!("{gave_up:?}") };
    let rejections = pair.right.events.iter().filter(|(_, event)| matches!(event, Event::Rejected { .. }));
    assert_eq!(rejections.count(), 3);
    assert_eq!(pair.right.layer.half_open(), 0, "forgotten after half a minute");
}

/// Microsoft's and Cisco's fragments.
#[test]
fn long_messages_travel_in_fragments_between_ends_that_take_them() {
    let fragmenting = || {
        let mut config = config(Group::Modp2048);
        config.fragment_octets = Some(200);
        config.vendor_ids.push(VendorId::of(Known::Fragmentation).expect("fixed"));
        config
    };
    let mut pair = pair(fragmenting(), fragmenting());
    connect(&mut pair);
    pair.run(SOON);
    assert_joined(&pair, "fragments");
    let lengths = pair.left.sent.iter().filter_map(|(_, sent)| match sent {
        Datagram::Message { octets, .. } => Some(octets.len()),
        Datagram::Keepalive { .. } => None,
    });
    assert!(lengths.clone().skip(1).all(|length| length <= 200));
    assert!(lengths.count() > 5);
}

#[test]
fn commands_about_what_is_not_there_do_nothing() {
    let mut pair = pair(config(Group::Modp1024), config(Group::Modp1024));
    let sa = l2tpspec_protocol::isakmp::SaId(99);
    for command in [
        Command::StartQuickMode { sa },
        Command::RekeyPhase1 { sa },
        Command::RekeyChild { inbound_spi: 7 },
        Command::DeleteChild { inbound_spi: 7 },
        Command::DeleteSa { sa },
        Command::Probe { sa },
        Command::PeerHeard { sa },
        Command::PeerMoved { sa, peer: CLIENT },
    ] {
        pair.command(Side::Left, command);
    }
    assert!(pair.left.sent.is_empty() && pair.left.events.is_empty());
}
