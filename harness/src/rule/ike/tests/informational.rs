use l2tpspec_protocol::isakmp::wire::{
    Body, Doi, ExchangeType, NotifyType, PayloadType, ProtocolId, VendorId,
};

use super::build::*;
use crate::transcript::connection::Role::{Client, Supernode};

fn clear(notify_type: NotifyType) -> crate::transcript::layer::Isakmp {
    message(ExchangeType::Informational, 0, 0x99, vec![notification(notify_type, vec![])])
}

#[test]
fn an_informational_under_an_isakmp_sa_is_protected() {
    let id = "ISAKMP-2408-4.8-a";
    fires(id, direct, (16, Supernode), "in clear under an ISAKMP SA", |steps| {
        then(steps, Supernode, clear(NotifyType::InvalidSpi));
    });
    // A side that forgot the SA cannot protect that message.
    silent(id, direct, |steps| then(steps, Supernode, clear(NotifyType::InvalidCookie)));
    // Between the public values and the proofs RFC 2409 wants it in clear.
    silent(id, direct, |steps| {
        steps.truncate(MM5);
        then(steps, Supernode, clear(NotifyType::PayloadMalformed));
    });
}

#[test]
fn a_deletion_is_protected() {
    fires("ISAKMP-2408-5.15-a", direct, (14, Client), "in clear", |steps| {
        steps[DELETE_ESP].isakmp().header.flags = 0;
    });
}

#[test]
fn a_deletion_names_what_its_sender_owns() {
    let id = "ISAKMP-2408-3.15-a";
    let with = |steps: &mut Vec<Step>, at: usize, spi: Vec<u8>| {
        let Body::Delete(delete) = steps[at].body(PayloadType::Delete) else { unreachable!() };
        delete.spi_size = u8::try_from(spi.len()).unwrap();
        delete.spis = vec![spi];
    };
    fires(id, direct, (14, Client), "SPI c00a7e96, on which the peer receives", |steps| {
        with(steps, DELETE_ESP, SPI_S.to_be_bytes().to_vec());
    });
    fires(id, direct, (15, Client), "by cookies that are not its own", |steps| {
        with(steps, DELETE_ISAKMP, [COOKIE_R, COOKIE_I].concat());
    });
    fires(id, direct, (15, Client), "SPIs of 8 octets; expected 16", |steps| {
        with(steps, DELETE_ISAKMP, COOKIE_I.to_vec());
    });
    // What was negotiated before the recording began is nobody's fault.
    silent(id, direct, |steps| with(steps, DELETE_ESP, vec![1, 2, 3, 4]));
    silent(id, direct, |steps| with(steps, DELETE_ISAKMP, vec![9; 16]));
}

#[test]
fn status_notifications_are_protected_and_not_in_aggressive_mode() {
    let id = "DOI-2407-4.6.3-a";
    let (kind, contact) = notification(NotifyType::InitialContact, vec![]);
    fires(id, direct, (3, Client), "in clear", |steps| steps[MM3].push(kind, contact.clone()));
    fires(id, aggressive, (3, Client), "in Aggressive Mode", |steps| steps[2].push(kind, contact.clone()));
    silent(id, direct, |steps| steps[MM5].push(kind, contact.clone()));
}

#[test]
fn status_notifications_have_their_form() {
    let check = |id, notify_type, data: Vec<u8>, text| {
        fires(id, direct, (7, Client), text, |steps| {
            let (kind, body) = notification(notify_type, data);
            steps[QM1].push(kind, body);
        });
    };
    let lifetime = NotifyType::ResponderLifetime;
    let states = vec![0x80, 1, 0, 1, 0x80, 2, 0x0e, 0x10];
    silent("DOI-2407-4.6.3.1-a", direct, |steps| {
        let (kind, body) = notification(lifetime, states.clone());
        steps[QM2].push(kind, body);
        steps[QM2].notification().protocol = ProtocolId::Esp;
        steps[QM2].notification().spi = vec![1; 4];
    });
    fires("DOI-2407-4.6.3.1-a", direct, (8, Supernode), "state no lifetime", |steps| {
        let (kind, body) = notification(lifetime, states[4..].to_vec());
        steps[QM2].push(kind, body);
        steps[QM2].notification().protocol = ProtocolId::Esp;
    });
    check("DOI-2407-4.6.3.2-a", NotifyType::ReplayStatus, vec![0, 0, 0, 2], "2; expected 0 or 1");
    check("DOI-2407-4.6.3.2-a", NotifyType::ReplayStatus, vec![1], "1 octets of data; expected 4");
    check("DOI-2407-4.6.3.3-a", NotifyType::InitialContact, vec![1], "1 octets of data; expected none");
    fires("DOI-2407-4.6.3.3-a", direct, (5, Client), "SPI of 4 octets; expected 16", |steps| {
        let (kind, body) = notification(NotifyType::InitialContact, vec![]);
        steps[MM5].push(kind, body);
        steps[MM5].notification().spi = vec![1; 4];
    });
    fires("DOI-2407-4.6.3.3-a", direct, (5, Client), "DOI ISAKMP; expected IPSEC", |steps| {
        let (kind, body) = notification(NotifyType::InitialContact, vec![]);
        steps[MM5].push(kind, body);
        steps[MM5].notification().doi = Doi::Isakmp;
    });
}

#[test]
fn dead_peer_detection_is_announced_first() {
    let id = "DPD-3706-5.1-a";
    let without = |steps: &mut Vec<Step>| steps[MM2].remove(PayloadType::VendorId);
    let change = |steps: &mut Vec<Step>| {
        without(steps);
        steps.truncate(ASK_AGAIN);
    };
    fires(id, direct, (10, Client), "the responder sent no vendor ID", change);
    // It may be announced in a message that was not read.
    silent(id, direct, |steps| {
        change(steps);
        steps.remove(MM6);
    });
    fires("DPD-3706-5.1-b", direct, (1, Client), "[00, 00]", |steps| {
        let mut octets =
            vec![0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57];
        octets.extend([0, 0]);
        steps[MM1].push(PayloadType::VendorId, Body::VendorId(VendorId(octets)));
    });
}

#[test]
fn queries_and_answers_have_their_form() {
    let id = "DPD-3706-5.3-a";
    fires(id, direct, (10, Client), "protocol PROTO_IPSEC_ESP", |steps| {
        steps[ASK].notification().protocol = ProtocolId::Esp;
    });
    fires(id, direct, (11, Supernode), "0 octets of data", |steps| steps[ACK].notification().data.clear());
}

#[test]
fn an_answer_repeats_the_sequence_number() {
    let id = "DPD-3706-5.3-b";
    let with = |number: u32| {
        move |steps: &mut Vec<Step>| {
            steps[ACK].notification().data = number.to_be_bytes().to_vec();
        }
    };
    fires(id, direct, (11, Supernode), "sequence number 107; expected 100", with(107));
    // The query may be missing from the recording.
    silent(id, direct, with(101));
    silent(id, direct, |steps| {
        with(107)(steps);
        steps.remove(ASK);
    });
}

#[test]
fn queries_are_counted_upwards() {
    let id = "DPD-3706-6.2-a";
    let with = |number: u32| {
        move |steps: &mut Vec<Step>| {
            steps[ASK_AGAIN].notification().data = number.to_be_bytes().to_vec();
        }
    };
    fires(id, direct, (12, Client), "sequence number 99; expected 101", with(99));
    fires(id, direct, (12, Client), "sequence number 900000; expected 101", with(900_000));
    silent(id, direct, with(100));
    silent(id, direct, with(103));
    fires(id, direct, (16, Client), "sequence number 100; expected 101", |steps| {
        steps.truncate(DELETE_ESP);
        for at in [ASK_AGAIN, ACK_AGAIN] {
            steps[at].notification().data = vec![0, 0, 0, 100];
        }
        then(steps, Client, informational(0x91, notification(NotifyType::InvalidSpi, vec![])));
        then(steps, Client, informational(0x92, notification(NotifyType::InvalidSpi, vec![])));
        then(steps, Client, informational(0x93, notification(NotifyType::RUThere, vec![0, 0, 0, 100])));
    });
}
