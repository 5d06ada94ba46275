//! Type and Type-Data of a Request or Response (RFC 3748 section 5, RFC 5216 section 3).

use super::mschapv2;
use crate::code_points;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::ppp::text::{self, Quoted};
use crate::show::{Show, Sink, Value};
use core::fmt;

code_points! {
    /// The Type of a Request or Response.
    pub enum MethodType: u8 {
        Identity = 1 => "Identity",
        Notification = 2 => "Notification",
        Nak = 3 => "Nak",
        Md5Challenge = 4 => "MD5-Challenge",
        OneTimePassword = 5 => "One-Time Password",
        GenericTokenCard = 6 => "Generic Token Card",
        Tls = 13 => "EAP-TLS",
        Leap = 17 => "LEAP",
        Sim = 18 => "EAP-SIM",
        Ttls = 21 => "EAP-TTLS",
        Aka = 23 => "EAP-AKA",
        Peap = 25 => "PEAP",
        MsChapV2 = 26 => "MS-EAP-Authentication",
        MsChapV2Cisco = 29 => "EAP-MSCHAP-V2",
        Expanded = 254 => "Expanded",
        Experimental = 255 => "Experimental",
    }
}

/// Type and Type-Data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// Identity (1): a prompt in a Request, the name in a Response.
    Identity(Vec<u8>),
    /// Notification (2): a message to the user.
    Notification(Vec<u8>),
    /// Nak (3): the types wanted instead.
    Nak(Vec<MethodType>),
    /// MD5-Challenge (4), of CHAP's form.
    Md5Challenge {
        /// Value.
        value: Vec<u8>,
        /// Name of the sender.
        name: Vec<u8>,
    },
    /// One-Time Password (5): the challenge, or the password.
    OneTimePassword(Vec<u8>),
    /// Generic Token Card (6): a prompt, or what the user typed.
    GenericTokenCard(Vec<u8>),
    /// EAP-TLS (13), with its flags.
    Tls(Vec<u8>),
    /// MS-CHAPv2 (26).
    MsChapV2(mschapv2::Packet),
    /// Expanded (254).
    Expanded {
        /// Vendor-Id, an enterprise number of 24 bits.
        vendor_id: u32,
        /// Vendor-Type.
        vendor_type: u32,
        /// Vendor data.
        data: Vec<u8>,
    },
    /// A type that has no fields here.
    Unknown {
        /// Type.
        number: u8,
        /// Type-Data.
        data: Vec<u8>,
    },
}

impl Method {
    /// The Type.
    #[must_use]
    pub const fn method_type(&self) -> MethodType {
        match self {
            Self::Identity(_) => MethodType::Identity,
            Self::Notification(_) => MethodType::Notification,
            Self::Nak(_) => MethodType::Nak,
            Self::Md5Challenge { .. } => MethodType::Md5Challenge,
            Self::OneTimePassword(_) => MethodType::OneTimePassword,
            Self::GenericTokenCard(_) => MethodType::GenericTokenCard,
            Self::Tls(_) => MethodType::Tls,
            Self::MsChapV2(_) => MethodType::MsChapV2,
            Self::Expanded { .. } => MethodType::Expanded,
            Self::Unknown { number, .. } => MethodType::from_number(*number),
        }
    }

    /// Shows Type and Type-Data; what a user typed in a Response is a secret.
    pub(super) fn show(&self, is_response: bool, sink: &mut dyn Sink) {
        sink.field("type", self.method_type().shown());
        match self {
            Self::Identity(text) => sink.field("identity", Value::Text(text)),
            Self::Notification(text) => sink.field("message", Value::Text(text)),
            Self::Nak(types) => sink.values("desired_types", &mut types.iter().map(|each| each.shown())),
            Self::Md5Challenge { value, name } => {
                sink.field("value", Value::Octets(value));
                sink.field("name", Value::Text(name));
            }
            Self::OneTimePassword(text) | Self::GenericTokenCard(text) if is_response => {
                sink.field("password", Value::Secret { octets: text, is_text: true });
            }
            Self::OneTimePassword(text) | Self::GenericTokenCard(text) => {
                sink.field("message", Value::Text(text));
            }
            Self::Tls(data) | Self::Unknown { data, .. } => sink.field("type_data", Value::Octets(data)),
            Self::MsChapV2(packet) => packet.show(sink),
            Self::Expanded { vendor_id, vendor_type, data } => {
                sink.field("vendor_id", Value::Number(u64::from(*vendor_id)));
                sink.field("vendor_type", Value::Number(u64::from(*vendor_type)));
                sink.field("vendor_data", Value::Octets(data));
            }
        }
    }
}

impl Codec for Method {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let number = r.u8("Type")?;
        Ok(match MethodType::from_number(number) {
            MethodType::Identity => Self::Identity(r.take_rest().to_vec()),
            MethodType::Notification => Self::Notification(r.take_rest().to_vec()),
            MethodType::Nak => {
                Self::Nak(r.take_rest().iter().map(|number| MethodType::from_number(*number)).collect())
            }
            MethodType::Md5Challenge => {
                let size = usize::from(r.u8("Value-Size")?);
                Self::Md5Challenge { value: r.take("Value", size)?.to_vec(), name: r.take_rest().to_vec() }
            }
            MethodType::OneTimePassword => Self::OneTimePassword(r.take_rest().to_vec()),
            MethodType::GenericTokenCard => Self::GenericTokenCard(r.take_rest().to_vec()),
            MethodType::Tls => Self::Tls(r.take_rest().to_vec()),
            MethodType::MsChapV2 => Self::MsChapV2(mschapv2::Packet::decode(r)?),
            MethodType::Expanded => Self::Expanded {
                vendor_id: r.u24("Vendor-Id")?,
                vendor_type: r.u32("Vendor-Type")?,
                data: r.take_rest().to_vec(),
            },
            MethodType::Leap
            | MethodType::Sim
            | MethodType::Ttls
            | MethodType::Aka
            | MethodType::Peap
            | MethodType::MsChapV2Cisco
            | MethodType::Experimental
            | MethodType::Unknown(_) => Self::Unknown { number, data: r.take_rest().to_vec() },
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u8(self.method_type().number());
        match self {
            Self::Nak(types) => types.iter().for_each(|each| w.u8(each.number())),
            Self::Md5Challenge { value, name } => {
                w.counted_u8("Value", value);
                w.put(name);
            }
            Self::MsChapV2(packet) => packet.encode(w),
            Self::Expanded { vendor_id, vendor_type, data } => {
                w.fit("Vendor-Id", usize::try_from(*vendor_id).unwrap_or(usize::MAX), 0x00ff_ffff);
                w.u24(*vendor_id);
                w.u32(*vendor_type);
                w.put(data);
            }
            Self::Identity(octets)
            | Self::Notification(octets)
            | Self::OneTimePassword(octets)
            | Self::GenericTokenCard(octets)
            | Self::Tls(octets)
            | Self::Unknown { data: octets, .. } => w.put(octets),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::name(f, self.method_type().name(), "type", self.method_type().number())?;
        match self {
            Self::Identity(text) | Self::Notification(text) | Self::Md5Challenge { name: text, .. } => {
                write!(f, " {}", Quoted(text))
            }
            Self::MsChapV2(packet) => write!(f, " {packet}"),
            Self::Nak(types) => types.iter().try_for_each(|each| write!(f, " {each}")),
            Self::OneTimePassword(_)
            | Self::GenericTokenCard(_)
            | Self::Tls(_)
            | Self::Expanded { .. }
            | Self::Unknown { .. } => Ok(()),
        }
    }
}
