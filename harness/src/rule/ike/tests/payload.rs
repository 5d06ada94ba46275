use l2tpspec_protocol::codec::Why;
use l2tpspec_protocol::isakmp::wire::{Attribute, Body, Id, IdType, PayloadType, VendorId};

use super::build::*;
use super::header::malformed;
use crate::transcript::connection::Role::{Client, Supernode};
use crate::transcript::layer::HashVerdict;

#[test]
fn reserved_fields_are_zero() {
    let id = "ISAKMP-2408-2.5.2-a";
    fires(id, direct, (3, Client), "a KE payload", |steps| steps[MM3].payloads()[0].reserved = 1);
    fires(id, direct, (1, Client), "proposal 1", |steps| steps[MM1].sa().proposals[0].reserved = 1);
    fires(id, direct, (8, Supernode), "transform 1 with a reserved field of 256", |steps| {
        steps[QM2].transform().reserved2 = 256;
    });
}

#[test]
fn payloads_form_a_chain_that_fills_the_message() {
    let id = "ISAKMP-2408-3.2-a";
    fires(id, direct, (1, Client), "12 octets behind the last payload", |steps| {
        steps[MM1].fault = malformed("message", 164, Why::Trailing { extra: 12 });
    });
    fires(id, direct, (3, Client), "chain of payloads that breaks", |steps| {
        steps[MM3].payloads().truncate(1);
        steps[MM3].fault = malformed("Payload Length", 28 + 132 + 2, Why::Length { got: 3, want: 4 });
    });
    fires(id, direct, (7, Client), "chain of payloads that breaks", |steps| {
        steps[QM1].payloads().truncate(1);
        steps[QM1].fault = malformed("Payload Length", 28 + 24 + 2, Why::Truncated { need: 999, have: 9 });
    });
    // A wrong vector garbles the first payload of an encrypted message.
    silent(id, direct, |steps| {
        steps[QM1].payloads().clear();
        steps[QM1].fault = malformed("Payload Length", 30, Why::Truncated { need: 999, have: 9 });
    });
    // What breaks within a payload is the business of others.
    silent(id, direct, |steps| {
        steps[MM3].payloads().truncate(1);
        steps[MM3].fault = malformed("# of SPIs", 28 + 132 + 10, Why::Value { got: 3 });
    });
}

#[test]
fn the_sa_payload_skips_what_is_nested_in_it() {
    let id = "ISAKMP-2408-3.4-a";
    let change = |steps: &mut Vec<Step>| {
        steps[MM2].payloads().truncate(1);
        steps[MM2].fault = malformed("Next Payload", 28, Why::Value { got: 2 });
    };
    fires(id, direct, (2, Supernode), "Next Payload 2 in an SA payload", change);
    silent("ISAKMP-2408-3.2-a", direct, change);
    silent("ISAKMP-2408-3.5-a", direct, change);
}

#[test]
fn attributes_fit() {
    fires("ISAKMP-2408-3.3-a", direct, (1, Client), "Attribute Value at octet 60", |steps| {
        steps[MM1].payloads().clear();
        steps[MM1].fault = malformed("Attribute Value", 60, Why::Truncated { need: 9, have: 2 });
    });
}

#[test]
fn identity_data_have_their_size() {
    let id = "DOI-2407-4.6.2.1-a";
    fires(id, direct, (7, Client), "5 octets of Identification Data; expected 4", |steps| {
        steps[QM1].payloads().truncate(3);
        steps[QM1].fault = malformed("Identification Data", 160, Why::Length { got: 5, want: 4 });
    });
    fires(id, direct, (5, Client), "ends in NUL", |steps| {
        let name = Id { id_type: IdType::Fqdn, protocol: 0, port: 0, data: b"client\0".to_vec() };
        *steps[MM5].body(PayloadType::Identification) = Body::Identification(name);
    });
}

#[test]
fn vendor_ids_are_sent_in_phase_1_only() {
    fires("ISAKMP-2408-3.16-a", direct, (9, Client), "in Quick Mode", |steps| {
        steps[QM3].push(PayloadType::VendorId, Body::VendorId(VendorId(vec![1; 16])));
    });
}

#[test]
fn padding_is_zeros_within_a_block() {
    let id = "IKE-2409-AppB-d";
    fires(id, direct, (6, Supernode), "octet 0x0b", |steps| steps[MM6].isakmp().padding = vec![0, 0, 0x0b]);
    fires(id, direct, (5, Client), "17 octets; expected at most a block of 16", |steps| {
        steps[MM5].isakmp().padding = vec![0; 17];
    });
    silent(id, direct, |steps| steps[MM5].isakmp().padding = vec![0; 16]);
}

#[test]
fn sa_comes_first_in_phase_1() {
    fires("IKE-2409-5-b", direct, (1, Client), "VID before the SA", |steps| steps[MM1].payloads().reverse());
}

#[test]
fn main_mode_has_its_payloads() {
    let id = "IKE-2409-5.4-a";
    fires(id, direct, (1, Client), "expected no KE", |steps| {
        steps[MM1].push(PayloadType::KeyExchange, Body::KeyExchange(vec![1; 128]));
    });
    fires(id, direct, (3, Client), "expected NONCE too", |steps| steps[MM3].remove(PayloadType::Nonce));
    fires(id, direct, (6, Supernode), "expected HASH too", |steps| steps[MM6].remove(PayloadType::Hash));
    fires(id, direct, (3, Client), "expected no ID", |steps| {
        let (kind, body) = super::build::id(CLIENT, 0, 0);
        steps[MM3].push(kind, body);
    });
    // Signatures have other payloads.
    silent(id, direct, |steps| {
        for step in [MM1, MM2] {
            steps[step].attribute(3, Attribute::basic(3, 3));
        }
        steps[MM6].remove(PayloadType::Hash);
    });
}

#[test]
fn aggressive_mode_has_its_payloads() {
    let id = "IKE-2409-5.4-c";
    fires(id, aggressive, (1, Client), "expected ID too", |steps| {
        steps[0].remove(PayloadType::Identification);
    });
    fires(id, aggressive, (2, Supernode), "expected HASH too", |steps| steps[1].remove(PayloadType::Hash));
    fires(id, aggressive, (3, Client), "expected HASH too", |steps| {
        steps[2].remove(PayloadType::Hash);
        steps[2].push(PayloadType::VendorId, Body::VendorId(VendorId(vec![1; 16])));
    });
}

#[test]
fn quick_mode_is_encrypted() {
    fires("IKE-2409-5.5-a", direct, (7, Client), "in clear", |steps| steps[QM1].isakmp().header.flags = 0);
}

#[test]
fn hash_leads_quick_mode() {
    let id = "IKE-2409-5.5-b";
    fires(id, direct, (7, Client), "expected HASH and then SA first", |steps| {
        steps[QM1].payloads().swap(1, 2);
    });
    fires(id, direct, (9, Client), "expected HASH first", |steps| {
        steps[QM3].remove(PayloadType::Hash);
        steps[QM3].push(PayloadType::VendorId, Body::VendorId(VendorId(vec![1; 16])));
    });
    silent(id, direct, |steps| {
        steps[QM1].payloads().clear();
        steps[QM1].fault = malformed("Payload Length", 30, Why::Truncated { need: 999, have: 9 });
    });
}

#[test]
fn client_identities_are_two_in_order() {
    let id = "IKE-2409-5.5-g";
    fires(id, direct, (7, Client), "1 client identities", |steps| drop(steps[QM1].payloads().pop()));
    fires(id, direct, (8, Supernode), "expected them as offered", |steps| steps[QM2].payloads().swap(3, 4));
    fires(id, direct, (7, Client), "expected the sender's own first", |steps| {
        for at in [QM1, QM2] {
            steps[at].payloads().swap(3, 4);
        }
    });
    silent(id, direct, |steps| steps[QM1].remove(PayloadType::Identification));
}

#[test]
fn wrong_hashes_accuse_their_sender() {
    let wrong = |at: usize| move |steps: &mut Vec<Step>| steps[at].isakmp().hash = HashVerdict::Wrong;
    fires("IKE-2409-5-j", direct, (5, Client), "phase 1 HASH", wrong(MM5));
    fires("IKE-2409-5.5-c", direct, (7, Client), "HASH(1)", wrong(QM1));
    fires("IKE-2409-5.5-c", direct, (8, Supernode), "HASH(2)", wrong(QM2));
    fires("IKE-2409-5.5-d", direct, (9, Client), "HASH(3)", wrong(QM3));
    fires("IKE-2409-5.7-a", direct, (11, Supernode), "wrong HASH", wrong(ACK));
    fires("IKE-2409-5.7-a", direct, (11, Supernode), "expected HASH first", |steps| {
        steps[ACK].payloads().reverse();
    });
}

#[test]
fn a_hash_over_what_was_not_recorded_accuses_nobody() {
    silent("IKE-2409-5-j", direct, |steps| {
        steps[MM6].isakmp().hash = HashVerdict::Wrong;
        steps.remove(MM1);
    });
    silent("IKE-2409-5.5-d", direct, |steps| {
        steps[QM3].isakmp().hash = HashVerdict::Wrong;
        steps.remove(QM2);
    });
}
