//! Lifetimes as attributes: a Life Type, then its Life Duration (RFC 2409 appendix A, RFC 2407 section 4.5).

use crate::isakmp::wire::{Attribute, LifeType, Transform};

/// How long an SA is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifetime {
    /// In seconds.
    pub seconds: Option<u32>,
    /// In kilobytes of 1024 octets.
    pub kilobytes: Option<u32>,
}

/// How a duration is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// In two octets where it fits, else in four.
    Shortest,
    /// Always in four octets behind a length, as Windows does.
    FourOctets,
}

/// What is done about a lifetime that differs from one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifetimePolicy {
    /// The initiator's is taken as it is.
    Obey,
    /// One longer than one's own is refused.
    Strict,
    /// The shorter one is used; the peer is told of it with RESPONDER-LIFETIME where it offered a longer one.
    Claim,
}

impl Lifetime {
    /// A lifetime in seconds.
    #[must_use]
    pub const fn seconds(seconds: u32) -> Self {
        Self { seconds: Some(seconds), kilobytes: None }
    }

    /// The durations, each with its type, in the order that all known implementations write them.
    pub(in crate::isakmp) fn parts(self) -> impl Iterator<Item = (LifeType, u32)> {
        let seconds = self.seconds.map(|value| (LifeType::Seconds, value));
        let kilobytes = self.kilobytes.map(|value| (LifeType::Kilobytes, value));
        seconds.into_iter().chain(kilobytes)
    }

    /// Reads the lifetime off a transform. A duration that does not fit 32 bits counts as the longest.
    #[must_use]
    pub fn of(transform: &Transform, type_class: u16, duration_class: u16) -> Self {
        Self::of_attributes(&transform.attributes, type_class, duration_class)
    }

    /// Reads the lifetime off attributes.
    #[must_use]
    pub fn of_attributes(attributes: &[Attribute], type_class: u16, duration_class: u16) -> Self {
        let mut lifetime = Self::default();
        let mut kind = None;
        for attribute in attributes {
            let value = attribute.value_u64();
            if attribute.class == type_class {
                kind = value.and_then(|value| u16::try_from(value).ok()).map(LifeType::from_number);
            } else if attribute.class == duration_class {
                let duration = Some(value.and_then(|value| u32::try_from(value).ok()).unwrap_or(u32::MAX));
                match kind {
                    Some(LifeType::Seconds) => lifetime.seconds = duration,
                    Some(LifeType::Kilobytes) => lifetime.kilobytes = duration,
                    Some(LifeType::Unknown(_)) | None => {}
                }
            }
        }
        lifetime
    }

    /// The shorter of two, each measure by itself.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        let shorter = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
        Self {
            seconds: shorter(self.seconds, other.seconds),
            kilobytes: shorter(self.kilobytes, other.kilobytes),
        }
    }

    /// Whether neither measure is longer than the other's.
    #[must_use]
    pub fn fits(self, limit: Self) -> bool {
        let fits = |value: Option<u32>, limit: Option<u32>| {
            limit.is_none_or(|limit| value.is_none_or(|value| value <= limit))
        };
        fits(self.seconds, limit.seconds) && fits(self.kilobytes, limit.kilobytes)
    }

    /// What is used of a peer's lifetime under a policy; `None` if it is refused.
    pub(super) fn judged(self, own: Self, policy: LifetimePolicy) -> Option<Self> {
        match policy {
            LifetimePolicy::Obey if self == Self::default() => Some(own),
            LifetimePolicy::Obey => Some(self),
            LifetimePolicy::Strict => self.fits(own).then(|| self.shorter(own)),
            LifetimePolicy::Claim => Some(self.shorter(own)),
        }
    }

    /// What a responder that uses this lifetime tells an initiator that asked for another one.
    pub(super) fn told_of(self, asked: Self, policy: LifetimePolicy) -> Option<Self> {
        (policy == LifetimePolicy::Claim && self != asked).then_some(self)
    }
}

impl Encoding {
    /// The attribute of a duration.
    pub(in crate::isakmp) fn attribute(self, class: u16, value: u32) -> Attribute {
        match (self, u16::try_from(value)) {
            (Self::Shortest, Ok(value)) => Attribute::basic(class, value),
            (Self::Shortest, Err(_)) | (Self::FourOctets, _) => {
                Attribute::variable(class, value.to_be_bytes())
            }
        }
    }
}
