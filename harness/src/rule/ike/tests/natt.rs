use l2tpspec_protocol::isakmp::wire::{Attribute, Body, IdType, Known, PayloadType, VendorId};

use super::build::*;
use crate::rule::Violation;
use crate::transcript::Layer;
use crate::transcript::connection::Role::{Client, Supernode};

#[test]
fn detection_is_in_messages_3_and_4() {
    let id = "NATT-3947-3.2-a";
    fires(id, direct, (4, Supernode), "expected NAT-D too", |steps| steps[MM4].remove(PayloadType::NatD));
    fires(id, direct, (2, Supernode), "expected it in messages 3 and 4", |steps| {
        let (kind, body) = nat_d(CLIENT, 500);
        steps[MM2].push(kind, body);
    });
    fires(id, direct, (3, Client), "number of a draft", |steps| {
        for payload in steps[MM3].payloads() {
            if payload.kind == PayloadType::NatD {
                payload.kind = PayloadType::NatDDraft00;
            }
        }
    });
    silent(id, direct, |steps| {
        steps[MM2].remove(PayloadType::VendorId);
        steps[MM4].remove(PayloadType::NatD);
    });
}

#[test]
fn digests_have_the_length_of_the_hash() {
    let id = "NATT-3947-3.2-b";
    fires(id, direct, (3, Client), "16 octets; expected 20", |steps| {
        *steps[MM3].body(PayloadType::NatD) = Body::NatD(vec![1; 16]);
    });
}

#[test]
fn digests_on_which_both_agree_are_those_of_the_wire() {
    let agree = |steps: &mut Vec<Step>| {
        steps[MM3].payloads()[3].body = Body::NatD(vec![7; 20]);
        steps[MM4].payloads()[2].body = Body::NatD(vec![7; 20]);
    };
    let mut steps = direct();
    agree(&mut steps);
    let found = run(Some("NATT-3947-3.2-b"), steps);
    assert!(
        matches!(found.as_slice(), [Violation { role: None, frame: 4, text, .. }] if text.contains("192.0.2.2 port 500")),
        "{found:?}"
    );
    // One side alone may see a NAT, and addresses may be replaced throughout a recording.
    silent("NATT-3947-3.2-b", direct, |steps| steps[MM3].payloads()[3].body = Body::NatD(vec![7; 20]));
    silent("NATT-3947-3.2-b", direct, |steps| {
        agree(steps);
        steps[MM3].payloads()[2].body = Body::NatD(vec![8; 20]);
        steps[MM4].payloads()[3].body = Body::NatD(vec![8; 20]);
    });
}

#[test]
fn the_remote_end_comes_first() {
    let id = "NATT-3947-3.2-c";
    fires(id, direct, (3, Client), "own NAT-D first", |steps| steps[MM3].payloads().swap(2, 3));
    fires(id, direct, (3, Client), "one NAT-D payload", |steps| drop(steps[MM3].payloads().pop()));
}

#[test]
fn with_a_nat_the_initiator_moves() {
    let id = "NATT-3947-4-a";
    let stay = |steps: &mut Vec<Step>| {
        for step in &mut steps[MM5..] {
            step.ports = Some([61_000, 500]);
            step.layers.retain(|layer| matches!(layer, Layer::Isakmp(_)));
        }
    };
    fires(id, behind_nat, (5, Client), "to port 500 although a NAT was found", stay);
    silent(id, behind_nat, |steps| {
        stay(steps);
        steps.remove(MM4);
    });
    silent(id, behind_nat, |steps| {
        stay(steps);
        steps[MM2].remove(PayloadType::VendorId);
    });
}

#[test]
fn under_nat_the_identity_has_no_port() {
    let id = "NATT-3947-4-f";
    let with = |protocol: u8, port: u16| {
        move |steps: &mut Vec<Step>| {
            steps[MM5].payloads()[0].body = super::build::id(CLIENT, protocol, port).1;
        }
    };
    fires(id, behind_nat, (5, Client), "port 500 under NAT traversal", with(17, 500));
    silent(id, direct, with(17, 500));
    let id = "DOI-2407-4.6.2-a";
    silent(id, behind_nat, with(17, 500));
    silent(id, behind_nat, with(17, 0));
    fires(id, direct, (5, Client), "6/80; expected 0/0 or 17/500", with(6, 80));
    fires(id, direct, (5, Client), "17/0", |steps| {
        steps[MM2].remove(PayloadType::VendorId);
        with(17, 0)(steps);
    });
}

#[test]
fn udp_encapsulation_is_offered_with_a_nat_only() {
    let id = "NATT-3947-5.1-a";
    fires(id, direct, (7, Client), "mode 4 although no NAT", |steps| {
        steps[QM1].attribute(4, Attribute::basic(4, 4));
    });
    fires(id, behind_nat, (7, Client), "mode 4 beside mode 2", |steps| {
        steps[QM1].transform().attributes[2] = Attribute::basic(4, 2);
    });
    silent(id, direct, |steps| {
        steps[QM1].attribute(4, Attribute::basic(4, 4));
        steps.remove(MM3);
    });
}

#[test]
fn original_addresses_come_with_udp_transport() {
    fires("NATT-3947-5.2-a", behind_nat, (7, Client), "1 NAT-OA payloads; expected 2", |steps| {
        drop(steps[QM1].payloads().pop());
    });
    let id = "NATT-3947-5.2-b";
    fires(id, behind_nat, (8, Supernode), "0 NAT-OA payloads; expected 2", |steps| {
        steps[QM2].remove(PayloadType::NatOa);
    });
    fires(id, direct, (8, Supernode), "mode 2 with 1 NAT-OA payloads; expected none", |steps| {
        let (kind, body) = nat_oa(CLIENT);
        steps[QM2].push(kind, body);
    });
    // The drafts ask for one at most.
    for id in ["NATT-3947-5.2-a", "NATT-3947-5.2-b"] {
        silent(id, behind_nat, |steps| {
            for at in [QM1, QM2] {
                steps[at].attribute(4, Attribute::basic(4, 61_444));
                steps[at].remove(PayloadType::NatOa);
            }
        });
    }
}

#[test]
fn an_original_address_is_an_address() {
    let id = "NATT-3947-5.2-c";
    fires(id, behind_nat, (7, Client), "type ID_FQDN", |steps| {
        let Body::NatOa(nat_oa) = steps[QM1].body(PayloadType::NatOa) else { unreachable!() };
        nat_oa.id_type = IdType::Fqdn;
    });
    fires(id, behind_nat, (7, Client), "reserved octets [00, 01, 00]", |steps| {
        let Body::NatOa(nat_oa) = steps[QM1].body(PayloadType::NatOa) else { unreachable!() };
        nat_oa.reserved = [0, 1, 0];
    });
}

#[test]
fn a_draft_that_both_announced_may_be_used() {
    silent("NATT-3947-3.2-a", direct, |steps| {
        for at in [MM1, MM2] {
            let draft = VendorId::of(Known::NatTDraft02Newline).expect("a vendor ID");
            steps[at].push(PayloadType::VendorId, Body::VendorId(draft));
        }
        for at in [MM3, MM4] {
            for payload in steps[at].payloads() {
                if payload.kind == PayloadType::NatD {
                    payload.kind = PayloadType::NatDDraft00;
                }
            }
        }
    });
}
