//! The wire formats of IKEv1: RFC 2407, RFC 2408, RFC 2409, RFC 3706, RFC 3947 and its drafts 00 to 08, mode
//! configuration, and the vendors' fragments.
//!
//! A datagram is first [recognised](recognise), then read as [`Sealed`] if it
//! [has an encrypted body](Header::has_encrypted_body), else as [`Message`]. [`Message::open`] takes the
//! decrypted body. [`walk`] reads as much of a broken chain of payloads as can be read.

mod attribute;
mod config;
mod delete;
pub mod fragment;
mod header;
mod id;
mod message;
mod nat_oa;
mod notification;
mod number;
mod payload;
mod registry;
mod sa;
mod vendor_id;

pub use attribute::{Attribute, Form};
pub use config::Config;
pub use delete::Delete;
pub use fragment::Fragment;
pub use header::{Header, Recognised, recognise};
pub use id::{Id, Identity};
pub use message::{Message, Sealed};
pub use nat_oa::NatOa;
pub use notification::Notification;
pub use number::{
    CertificateEncoding, ConfigType, Doi, ExchangeType, IdType, NotifyType, PayloadType, ProtocolId,
};
pub use payload::{Body, Payload, Walk, encode_chain, walk};
pub use registry::{
    AhTransform, AttributeRegistry, AuthenticationAlgorithm, AuthenticationMethod, ConfigClass,
    EncapsulationMode, EncryptionAlgorithm, EspTransform, Group, GroupType, HashAlgorithm, IpcompTransform,
    IsakmpTransform, LifeType, Phase1Class, Phase2Class, transform_name,
};
pub use sa::{Proposal, Sa, Situation, Transform};
pub use vendor_id::{Known, VendorId};

#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;
