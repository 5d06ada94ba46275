use l2tpspec_protocol::codec::{Malformed, Why};
use l2tpspec_protocol::isakmp::wire::{ExchangeType, NotifyType, PayloadType};

use super::build::*;
use crate::transcript::connection::Role::{Client, Supernode};
use crate::transcript::{Fault, FaultCause};

pub(super) fn malformed(field: &'static str, offset: usize, why: Why) -> Option<Fault> {
    Some(Fault { layer: "isakmp", cause: FaultCause::Malformed(Malformed { field, offset, why }) })
}

#[test]
fn the_opening_message_has_one_cookie_and_no_message_id() {
    let id = "ISAKMP-2408-2.4-a";
    fires(id, direct, (1, Client), "Message ID 0x00000005", |steps| {
        steps[MM1].isakmp().header.message_id = 5;
    });
    fires(id, direct, (1, Client), "initiator cookie of zero", |steps| {
        steps[MM1].isakmp().header.initiator_cookie = [0; 8];
    });
    fires(id, direct, (1, Client), "responder cookie 3333", |steps| {
        steps[MM1].isakmp().header.responder_cookie = [0x33; 8];
    });
}

#[test]
fn cookies_stay() {
    let id = "ISAKMP-2408-2.4-b";
    fires(id, direct, (5, Client), "responder cookie 3333333333333333; expected 2222222222222222", |steps| {
        steps[MM5].isakmp().header.responder_cookie = [0x33; 8];
    });
    fires(id, direct, (3, Client), "cookie zero", |steps| {
        steps[MM3].isakmp().header.responder_cookie = [0; 8];
    });
    silent(id, direct, |steps| {
        steps.truncate(MM2);
        then(
            steps,
            Supernode,
            message(
                ExchangeType::Informational,
                0,
                9,
                vec![notification(NotifyType::NoProposalChosen, vec![])],
            ),
        );
        steps[1].isakmp().header.responder_cookie = [0; 8];
    });
}

#[test]
fn the_version_is_1_0() {
    fires("ISAKMP-2408-3.1-a", direct, (4, Supernode), "0x11", |steps| {
        steps[MM4].isakmp().header.version = 0x11;
    });
}

#[test]
fn only_defined_flags_are_set() {
    fires("ISAKMP-2408-3.1-b", direct, (9, Client), "0x09", |steps| steps[QM3].isakmp().header.flags = 9);
    silent("ISAKMP-2408-3.1-b", direct, |steps| steps[QM3].isakmp().header.flags = 3);
}

#[test]
fn the_length_is_that_of_the_message() {
    let id = "ISAKMP-2408-3.1-c";
    fires(id, direct, (1, Client), "sent Length 90 in a message of 92 octets", |steps| {
        steps[MM1].isakmp().header.length = 90;
        steps[MM1].fault = malformed("Length", 24, Why::Length { got: 90, want: 92 });
    });
    fires(id, direct, (2, Supernode), "in a message of 92 octets", |steps| {
        steps[MM2].fault = malformed("Length", 24, Why::Truncated { need: 95, have: 92 });
    });
    silent(id, direct, |steps| {
        steps[MM1].fault = Some(Fault { layer: "isakmp", cause: FaultCause::Snapped });
    });
    silent(id, direct, |steps| {
        steps[MM1].fault = malformed("Payload Length", 90, Why::Length { got: 3, want: 4 });
    });
}

#[test]
fn main_mode_is_encrypted_after_the_public_values() {
    let id = "ISAKMP-2408-3.1-e";
    fires(id, direct, (5, Client), "sent ID HASH of Main Mode in clear", |steps| {
        let clear = message(ExchangeType::IdentityProtection, 0, 0, vec![id_of_client(), hash()]);
        *steps[MM5].isakmp() = clear;
    });
    silent(id, direct, |steps| {
        *steps[MM5].isakmp() = message(ExchangeType::IdentityProtection, 0, 0, vec![id_of_client(), hash()]);
        steps.remove(MM4);
    });
}

fn id_of_client() -> (PayloadType, l2tpspec_protocol::isakmp::wire::Body) {
    id(CLIENT, 0, 0)
}

#[test]
fn message_ids_are_zero_in_phase_1_and_fresh_later() {
    let id = "ISAKMP-2408-3.1-f";
    fires(id, direct, (3, Client), "0x00000001 in Identity Protection", |steps| {
        steps[MM3].isakmp().header.message_id = 1;
    });
    fires(id, direct, (10, Client), "Message ID 0 in Informational", |steps| {
        steps[ASK].isakmp().header.message_id = 0;
    });
    fires(id, direct, (12, Client), "0x00000078 in another Informational", |steps| {
        steps[ASK_AGAIN].isakmp().header.message_id = 0x78;
    });
    fires(id, direct, (16, Client), "0x00000077 in another Quick Mode", |steps| {
        then(steps, Client, message(ExchangeType::QuickMode, 1, 0x77, vec![hash(), nat_oa(CLIENT)]));
    });
}

#[test]
fn an_informational_has_a_message_id_of_its_own() {
    let id = "IKE-2409-5.7-b";
    fires(id, direct, (11, Supernode), "0x00000078 of a Informational", |steps| {
        steps[ACK].isakmp().header.message_id = 0x78;
    });
    fires(id, direct, (10, Client), "of a Quick Mode", |steps| steps[ASK].isakmp().header.message_id = 0x77);
    silent(id, direct, |steps| {
        steps[QM2].isakmp().header.flags |= 2;
        steps[ACK].isakmp().header.message_id = 0x77;
    });
    silent(id, direct, |steps| {
        steps[ACK].isakmp().header.message_id = 0x77;
        steps[ACK].notification().notify_type = NotifyType::Connected;
    });
}

#[test]
fn an_informational_before_the_isakmp_sa_is_clear() {
    let id = "IKE-2409-5.7-c";
    fires(id, direct, (3, Supernode), "encrypted Informational before", |steps| {
        steps.truncate(MM3);
        then(steps, Supernode, informational(9, notification(NotifyType::NoProposalChosen, vec![])));
    });
    fires(id, direct, (3, Supernode), "HASH payload in an Informational in clear", |steps| {
        steps.truncate(MM3);
        then(steps, Supernode, message(ExchangeType::Informational, 0, 9, vec![hash()]));
    });
    silent(id, direct, |steps| {
        steps.truncate(MM5);
        then(steps, Supernode, informational(9, notification(NotifyType::PayloadMalformed, vec![])));
    });
}

#[test]
fn phase_1_ends_in_the_mode_in_which_it_began() {
    fires(
        "IKE-2409-5-a",
        direct,
        (3, Client),
        "sent a message of Aggressive; expected Identity Protection",
        |steps| {
            steps[MM3].isakmp().header.exchange_type = ExchangeType::Aggressive;
        },
    );
}

#[test]
fn cookies_keep_their_places() {
    fires("IKE-2409-4-b", direct, (11, Supernode), "other way round", |steps| {
        let header = &mut steps[ACK].isakmp().header;
        (header.initiator_cookie, header.responder_cookie) = (COOKIE_R, COOKIE_I);
    });
}
