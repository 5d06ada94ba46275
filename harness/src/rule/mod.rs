//! Rules: each judges one requirement of the catalogue on any transcript, without a stimulus of its own.
//!
//! A rule sees the entries of one connection in time order and reports what breaks its requirement. It is silent about
//! what it cannot read: a missing key is never a violation.

pub mod catalogue;
mod esp;
mod ike;
mod l2tp;
mod ospf;
pub(crate) mod ppp;

use crate::transcript::connection::{Connection, Role};
use crate::transcript::{Entry, Layer};

/// One entry as a rule sees it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Its layers from the connection's first on: ISAKMP, UDP encapsulation, ESP, L2TP or PPP.
    pub layers: &'a [Layer],
    /// Who sent it; `None` on a link that does not say.
    pub sender: Option<Role>,
    /// The connection.
    pub connection: &'a Connection,
}

/// Which layers a rule looks at. An entry without any of them is not shown to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interest(u16);

impl Interest {
    /// ISAKMP messages.
    pub const ISAKMP: Self = Self(1);
    /// ESP packets.
    pub const ESP: Self = Self(2);
    /// UDP encapsulation.
    pub const UDP_ENCAP: Self = Self(4);
    /// L2TP control messages.
    pub const L2TP_CONTROL: Self = Self(8);
    /// L2TP data messages.
    pub const L2TP_DATA: Self = Self(16);
    /// PPP control packets: LCP, authentication, network control.
    pub const PPP_CONTROL: Self = Self(32);
    /// PPP frames of any kind.
    pub const PPP: Self = Self(64);
    /// OSPF packets.
    pub const OSPF: Self = Self(128);
    /// Frames whose dissection stopped at something malformed.
    pub const FAULT: Self = Self(256);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether anything is shared.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What an entry offers.
    #[must_use]
    pub fn of(seen: &Seen<'_>) -> Self {
        let mut interest = if seen.entry.fault.is_some() { Self::FAULT } else { Self(0) };
        for layer in seen.layers {
            interest = interest.and(match layer {
                Layer::Isakmp(_) => Self::ISAKMP,
                Layer::Esp(_) => Self::ESP,
                Layer::UdpEncap(_) => Self::UDP_ENCAP,
                Layer::L2tpControl(_) => Self::L2TP_CONTROL,
                Layer::Named(named) if named.layer == "l2tp" => Self::L2TP_CONTROL,
                Layer::L2tpData(_) => Self::L2TP_DATA,
                Layer::Ppp(_) => Self::PPP,
                Layer::PppControl(_) => Self::PPP_CONTROL,
                Layer::Ospf(_) => Self::OSPF,
                _ => Self(0),
            });
        }
        interest
    }
}

/// A judge of one requirement on one connection.
pub trait Rule {
    /// Looks at the next entry.
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>);

    /// Looks back when the transcript has ended: the place for what never came.
    fn end(&mut self, report: &mut Report<'_>) {
        let _ = report;
    }
}

/// What breaks a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The requirement's id.
    pub requirement: &'static str,
    /// Who broke it, if the link tells.
    pub role: Option<Role>,
    /// The frame that shows it.
    pub frame: u64,
    /// What was sent and what was expected.
    pub text: String,
    /// Index of the connection.
    pub connection: usize,
}

/// Where a rule reports.
#[derive(Debug)]
pub struct Report<'a> {
    /// The requirement that is being judged.
    pub(crate) requirement: &'static str,
    pub(crate) connection: usize,
    pub(crate) violations: &'a mut Vec<Violation>,
}

impl Report<'_> {
    /// Reports that `role` broke the requirement in `frame`: "sent X, expected Y".
    pub fn violation(&mut self, frame: u64, role: Option<Role>, text: impl Into<String>) {
        self.violations.push(Violation {
            requirement: self.requirement,
            role,
            frame,
            text: text.into(),
            connection: self.connection,
        });
    }
}

/// A rule of the catalogue.
#[derive(Debug)]
pub struct Entered {
    /// The requirement's id.
    pub requirement: &'static str,
    /// Which layers it looks at.
    pub interest: Interest,
    /// Makes the judge of one connection.
    pub make: fn() -> Box<dyn Rule>,
}

/// Every rule, by layer.
pub fn all() -> impl Iterator<Item = &'static Entered> {
    [ike::RULES, esp::RULES, l2tp::RULES, ppp::RULES, ospf::RULES].into_iter().flatten()
}
