use l2tpspec_protocol::codec::Why;
use l2tpspec_protocol::isakmp::wire::{Attribute, Body, ExchangeType, PayloadType, ProtocolId, Situation};

use super::build::*;
use super::header::malformed;
use crate::transcript::connection::Role::{Client, Supernode};

#[test]
fn offers_are_numbered_upwards() {
    let id = "ISAKMP-2408-4.2-a";
    fires(id, direct, (1, Client), "transform 1 after transform 2", |steps| {
        steps[MM1].sa().proposals[0].transforms.reverse();
    });
    fires(id, direct, (7, Client), "proposal 1 after proposal 2", |steps| {
        let other = steps[QM1].sa().proposals[0].clone();
        steps[QM1].sa().proposals[0].number = 2;
        steps[QM1].sa().proposals.push(other);
    });
}

#[test]
fn transforms_of_a_proposal_have_distinct_numbers() {
    let id = "ISAKMP-2408-3.5-a";
    fires(id, direct, (1, Client), "two transforms 1", |steps| {
        steps[MM1].sa().proposals[0].transforms[1].number = 1;
    });
    fires(id, direct, (2, Supernode), "Next Payload 9 within an SA payload", |steps| {
        steps[MM2].payloads().clear();
        steps[MM2].fault = malformed("Next Payload", 40, Why::Value { got: 9 });
    });
    // That of the outer chain is another requirement's.
    silent(id, direct, |steps| {
        steps[MM2].payloads().clear();
        steps[MM2].fault = malformed("Next Payload", 16, Why::Value { got: 2 });
    });
}

#[test]
fn an_answer_selects_one_transform() {
    let id = "ISAKMP-2408-4.2-b";
    fires(id, direct, (2, Supernode), "answered with 2 transforms", |steps| {
        let mut other = steps[MM2].transform().clone();
        other.number = 2;
        steps[MM2].sa().proposals[0].transforms.push(other);
    });
    fires(id, direct, (8, Supernode), "answered with 2 proposals", |steps| {
        let mut other = steps[QM2].sa().proposals[0].clone();
        other.number = 2;
        steps[QM2].sa().proposals.push(other);
    });
}

#[test]
fn the_numbers_of_the_chosen_offer_return() {
    let id = "ISAKMP-2408-4.2-c";
    fires(id, direct, (2, Supernode), "proposal 1 transform 7; expected proposal 1 transform 1", |steps| {
        steps[MM2].transform().number = 7;
    });
    fires(id, direct, (8, Supernode), "proposal 3 transform 1", |steps| {
        steps[QM2].sa().proposals[0].number = 3;
    });
}

#[test]
fn the_attributes_of_the_chosen_offer_return() {
    let id = "IKE-2409-5-f";
    fires(id, direct, (2, Supernode), "Life Duration 1800 where 3600 was offered", |steps| {
        steps[MM2].attribute(12, Attribute::basic(12, 1800));
    });
    fires(id, direct, (8, Supernode), "Key Length absent where 256 was offered", |steps| {
        steps[QM2].attribute(6, None);
    });
    // The long form of the same value is right.
    silent(id, direct, |steps| steps[MM2].attribute(12, Attribute::variable(12, [0, 0, 0x0e, 0x10])));
}

#[test]
fn a_phase_1_offer_is_one_proposal() {
    let id = "IKE-2409-5-e";
    fires(id, direct, (1, Client), "2 proposals", |steps| {
        let mut other = steps[MM1].sa().proposals[0].clone();
        other.number = 2;
        steps[MM1].sa().proposals.push(other);
    });
    fires(id, direct, (1, Client), "2 SA payloads", |steps| {
        let other = steps[MM1].sa().clone();
        steps[MM1].push(PayloadType::SecurityAssociation, Body::SecurityAssociation(other));
    });
}

#[test]
fn a_quick_mode_with_ke_names_one_group() {
    let id = "IKE-2409-5.5-f";
    let with_key =
        |steps: &mut Vec<Step>| steps[QM1].push(PayloadType::KeyExchange, Body::KeyExchange(vec![1; 128]));
    fires(id, direct, (7, Client), "without a group", with_key);
    fires(id, direct, (7, Client), "groups 2 and 5", |steps| {
        with_key(steps);
        steps[QM1].attribute(3, Attribute::basic(3, 2));
        steps[QM1].sa().proposals[0].transforms[1].attributes.last_mut().unwrap().form =
            l2tpspec_protocol::isakmp::wire::Form::Basic(5);
    });
    silent(id, direct, |steps| {
        with_key(steps);
        steps[QM1].attribute(3, Attribute::basic(3, 2));
    });
}

#[test]
fn a_phase_1_transform_is_complete() {
    let id = "IKE-2409-4-c";
    for (class, text) in [(1, "encryption"), (2, "hash"), (3, "authentication"), (4, "group")] {
        fires(id, direct, (1, Client), text, |steps| steps[MM1].attribute(class, None));
    }
    silent(id, direct, |steps| {
        steps[MM1].attribute(4, None);
        steps[MM1].attribute(5, Attribute::basic(5, 1));
    });
}

#[test]
fn basic_attributes_have_the_short_form() {
    let id = "IKE-2409-AppA-a";
    fires(id, direct, (1, Client), "with Hash Algorithm behind a length", |steps| {
        steps[MM1].attribute(2, Attribute::variable(2, [0, 2]));
    });
    fires(id, direct, (7, Client), "with Encapsulation Mode behind a length", |steps| {
        steps[QM1].attribute(4, Attribute::variable(4, [0, 2]));
    });
    silent(id, direct, |steps| steps[MM1].attribute(12, Attribute::variable(12, [0, 1, 0x51, 0x80])));
}

#[test]
fn a_phase_1_lifetime_is_a_type_and_a_duration() {
    let id = "IKE-2409-AppA-c";
    fires(id, direct, (1, Client), "0 Life Types and 1 Life Durations", |steps| {
        steps[MM1].attribute(11, None);
    });
    fires(id, direct, (1, Client), "1 Life Types and 0 Life Durations", |steps| {
        steps[MM1].attribute(12, None);
    });
    fires(id, direct, (1, Client), "Life Type 3", |steps| steps[MM1].attribute(11, Attribute::basic(11, 3)));
}

#[test]
fn the_situation_is_identity_only() {
    fires("DOI-2407-4.2.1-a", direct, (1, Client), "0x00000002", |steps| {
        steps[MM1].sa().situation = Situation::Other(vec![0, 0, 0, 2, 9]);
    });
}

#[test]
fn phase_1_is_key_ike() {
    let id = "DOI-2407-4.4.2-a";
    fires(id, direct, (2, Supernode), "identifier 2", |steps| steps[MM2].transform().id = 2);
    fires(id, direct, (1, Client), "PROTO_IPSEC_ESP", |steps| {
        steps[MM1].sa().proposals[0].protocol = ProtocolId::Esp;
    });
}

#[test]
fn a_lifetime_follows_its_unit() {
    let id = "DOI-2407-4.5-a";
    fires(id, direct, (7, Client), "before its SA Life Type", |steps| {
        steps[QM1].transform().attributes.swap(3, 4);
    });
    silent(id, direct, |steps| {
        steps[QM1].transform().attributes.extend([Attribute::basic(1, 2), Attribute::basic(2, 9)]);
    });
}

#[test]
fn l2tp_states_its_encapsulation_mode() {
    let id = "DOI-2407-4.5-c";
    fires(id, direct, (7, Client), "without an Encapsulation Mode", |steps| steps[QM1].attribute(4, None));
    silent(id, direct, |steps| {
        steps[QM1].attribute(4, None);
        steps[QM1].remove(PayloadType::Identification);
    });
}

#[test]
fn esp_states_its_integrity() {
    let id = "DOI-2407-4.5-d";
    fires(id, direct, (7, Client), "ESP_NULL without", |steps| {
        steps[QM1].transform().id = 11;
        steps[QM1].attribute(5, None);
    });
    fires(id, direct, (7, Client), "Authentication Algorithm 0", |steps| {
        steps[QM1].attribute(5, Attribute::basic(5, 0));
    });
}

#[test]
fn key_lengths_are_stated_where_they_vary() {
    let id = "DOI-2407-4.5-e";
    fires(id, direct, (7, Client), "ESP_3DES with a Key Length", |steps| steps[QM1].transform().id = 3);
    fires(id, direct, (7, Client), "ESP_AES-CBC without", |steps| steps[QM1].attribute(6, None));
    let id = "CRYP-3602-5.3-a";
    fires(id, direct, (7, Client), "AES-CBC without", |steps| steps[QM1].attribute(6, None));
    fires(id, direct, (1, Client), "AES-CBC without", |steps| steps[MM1].attribute(14, None));
}

#[test]
fn public_values_are_as_long_as_the_group() {
    let id = "IKE-2409-5-c";
    fires(id, direct, (3, Client), "127 octets for group MODP1024; expected 128", |steps| {
        *steps[MM3].body(PayloadType::KeyExchange) = Body::KeyExchange(vec![1; 127]);
    });
    fires(id, aggressive, (2, Supernode), "129 octets", |steps| {
        *steps[1].body(PayloadType::KeyExchange) = Body::KeyExchange(vec![1; 129]);
    });
    fires("CRYP-5903-7-a", direct, (4, Supernode), "32 octets for group ECP256; expected 64", |steps| {
        for step in [MM1, MM2] {
            steps[step].attribute(4, Attribute::basic(4, 19));
        }
        *steps[MM3].body(PayloadType::KeyExchange) = Body::KeyExchange(vec![1; 64]);
        *steps[MM4].body(PayloadType::KeyExchange) = Body::KeyExchange(vec![1; 32]);
    });
}

#[test]
fn nonces_are_long_enough_and_fresh() {
    let id = "IKE-2409-5-d";
    for length in [7, 257] {
        fires(id, direct, (3, Client), "expected 8 to 256", |steps| {
            *steps[MM3].body(PayloadType::Nonce) = Body::Nonce(vec![1; length]);
        });
    }
    let id = "ISAKMP-2408-5.13-a";
    fires(id, direct, (7, Client), "the nonce of frame 3 again", |steps| {
        *steps[QM1].body(PayloadType::Nonce) = Body::Nonce(vec![1; 32]);
    });
    fires(id, direct, (4, Supernode), "the nonce of frame 3 again", |steps| {
        *steps[MM4].body(PayloadType::Nonce) = Body::Nonce(vec![1; 32]);
    });
}

#[test]
fn the_responder_may_begin_a_quick_mode() {
    silent("ISAKMP-2408-4.2-b", direct, |steps| {
        let mut offer = direct().swap_remove(QM1);
        offer.isakmp().header.message_id = 0x99;
        let Some(crate::transcript::Layer::Isakmp(isakmp)) = offer.layers.pop() else { unreachable!() };
        then(steps, Supernode, *isakmp);
    });
    assert_eq!(ExchangeType::QuickMode.number(), 32);
}
