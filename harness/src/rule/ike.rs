//! Rules of IKE: the ISAKMP framework, IKEv1, the IPsec DOI, NAT traversal, dead peer detection, and L2TP under IPsec.

mod attribute;
mod chain;
mod dpd;
mod encapsulation;
mod hash;
mod header;
mod informational;
pub(in crate::rule) mod judge;
mod l2tp;
pub(in crate::rule) mod message;
mod natt;
pub(in crate::rule) mod negotiation;
mod offer;
mod sequence;
#[cfg(test)]
pub(in crate::rule) mod tests;
mod value;

use super::{Entered, Interest, Rule};
use judge::judge;

/// A rule that judges ISAKMP messages one by one.
macro_rules! messages {
    ($requirement:literal, $check:path) => {
        Entered { requirement: $requirement, interest: Interest::ISAKMP, make: || judge($check) }
    };
}

/// A rule with a memory of its own.
const fn own(requirement: &'static str, interest: Interest, make: fn() -> Box<dyn Rule>) -> Entered {
    Entered { requirement, interest, make }
}

fn boxed<R: Rule + Default + 'static>() -> Box<dyn Rule> {
    Box::new(R::default())
}

const UDP_ENCAP: Interest = Interest::UDP_ENCAP.and(Interest::ISAKMP);
const CLEAR_L2TP: Interest = Interest::ESP.and(Interest::L2TP_CONTROL);

/// Rules of this layer.
pub(super) static RULES: &[Entered] = &[
    messages!("ISAKMP-2408-2.4-a", header::opening),
    messages!("ISAKMP-2408-2.4-b", header::cookies_stay),
    messages!("ISAKMP-2408-2.5.2-a", chain::reserved),
    messages!("ISAKMP-2408-3.1-a", header::version),
    messages!("ISAKMP-2408-3.1-b", header::flags),
    messages!("ISAKMP-2408-3.1-c", header::length),
    messages!("ISAKMP-2408-3.1-e", header::encryption_begins),
    messages!("ISAKMP-2408-3.1-f", header::message_id),
    messages!("ISAKMP-2408-3.2-a", chain::chain),
    messages!("ISAKMP-2408-3.3-a", chain::attribute_length),
    messages!("ISAKMP-2408-3.4-a", chain::sa_next_payload),
    messages!("ISAKMP-2408-3.5-a", offer::numbers_differ),
    own("ISAKMP-2408-3.15-a", Interest::ISAKMP, boxed::<informational::Deletions>),
    messages!("ISAKMP-2408-3.16-a", chain::vendor_ids),
    messages!("ISAKMP-2408-4.2-a", offer::numbers_rise),
    messages!("ISAKMP-2408-4.2-b", offer::answer_selects),
    messages!("ISAKMP-2408-4.2-c", offer::numbers_return),
    messages!("ISAKMP-2408-4.8-a", informational::protected),
    own("ISAKMP-2408-5.13-a", Interest::ISAKMP, boxed::<value::FreshNonces>),
    messages!("ISAKMP-2408-5.15-a", informational::delete_protected),
    own("IKE-2409-4-b", Interest::ISAKMP, boxed::<header::CookiePlaces>),
    messages!("IKE-2409-4-c", attribute::complete),
    messages!("IKE-2409-5-a", header::mode_stays),
    messages!("IKE-2409-5-b", sequence::sa_first),
    messages!("IKE-2409-5-c", value::modulus_length),
    messages!("IKE-2409-5-d", value::nonce_length),
    messages!("IKE-2409-5-e", offer::one_proposal),
    messages!("IKE-2409-5-f", offer::attributes_return),
    messages!("IKE-2409-5-j", hash::proof),
    messages!("IKE-2409-5.4-a", sequence::main_mode),
    messages!("IKE-2409-5.4-c", sequence::aggressive_mode),
    messages!("IKE-2409-5.5-a", sequence::quick_mode_encrypted),
    messages!("IKE-2409-5.5-b", sequence::hash_first),
    messages!("IKE-2409-5.5-c", hash::quick_mode),
    messages!("IKE-2409-5.5-d", hash::quick_mode_end),
    messages!("IKE-2409-5.5-f", offer::one_group),
    messages!("IKE-2409-5.5-g", sequence::client_identities),
    messages!("IKE-2409-5.7-a", hash::informational),
    messages!("IKE-2409-5.7-b", header::informational_id),
    messages!("IKE-2409-5.7-c", header::early_informational),
    messages!("IKE-2409-AppA-a", attribute::basic_form),
    messages!("IKE-2409-AppA-c", attribute::phase1_lifetime),
    messages!("IKE-2409-AppB-d", chain::padding),
    messages!("DOI-2407-4.2.1-a", attribute::situation),
    messages!("DOI-2407-4.4.2-a", attribute::key_ike),
    messages!("DOI-2407-4.5-a", attribute::life_type_first),
    messages!("DOI-2407-4.5-c", attribute::encapsulation_stated),
    messages!("DOI-2407-4.5-d", attribute::integrity_stated),
    messages!("DOI-2407-4.5-e", attribute::key_length),
    messages!("DOI-2407-4.6.2-a", natt::identity_protocol),
    messages!("DOI-2407-4.6.2.1-a", chain::identity_size),
    messages!("DOI-2407-4.6.3-a", informational::status_protected),
    messages!("DOI-2407-4.6.3.1-a", informational::responder_lifetime),
    messages!("DOI-2407-4.6.3.2-a", informational::replay_status),
    messages!("DOI-2407-4.6.3.3-a", informational::initial_contact),
    messages!("NATT-3947-3.2-a", natt::detection),
    messages!("NATT-3947-3.2-b", natt::digests),
    messages!("NATT-3947-3.2-c", natt::digest_order),
    messages!("NATT-3947-4-a", natt::port_moves),
    own("NATT-3947-4-b", UDP_ENCAP, boxed::<encapsulation::Marker>),
    messages!("NATT-3947-4-f", natt::identity_port),
    messages!("NATT-3947-5.1-a", natt::modes_offered),
    messages!("NATT-3947-5.2-a", natt::addresses_offered),
    messages!("NATT-3947-5.2-b", natt::addresses_answered),
    messages!("NATT-3947-5.2-c", natt::address_form),
    messages!("NATT-3948-1-a", encapsulation::spi_not_zero),
    own("NATT-3948-2.1-a", UDP_ENCAP, boxed::<encapsulation::Ports>),
    own("NATT-3948-2.3-a", Interest::FAULT, boxed::<encapsulation::Keepalives>),
    messages!("DPD-3706-5.1-a", dpd::announced),
    messages!("DPD-3706-5.1-b", dpd::vendor_id),
    messages!("DPD-3706-5.3-a", dpd::form),
    messages!("DPD-3706-5.3-b", dpd::answer_number),
    messages!("DPD-3706-6.2-a", dpd::query_number),
    own("L2IP-3193-2-a", CLEAR_L2TP, boxed::<l2tp::Protected>),
    own("L2IP-3193-3.3-a", CLEAR_L2TP, boxed::<l2tp::Accepted>),
    messages!("L2IP-3193-4.2.2-b", l2tp::selectors),
    messages!("CRYP-3602-5.3-a", attribute::aes_key_length),
    messages!("CRYP-5903-7-a", value::coordinates_length),
];
