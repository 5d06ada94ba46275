//! L2TP over `IPsec` as values: every message of IKEv1, ESP, L2TPv2, PPP and OSPFv2 can be read, written and
//! shown field by field, and every key and digest can be computed from named inputs.
//!
//! Each protocol is a [`layer::Layer`]: a value that is lent time and chance for one call and performs no I/O.
//! Octets that are not a message are described by [`codec::Malformed`].

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]
#![warn(
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

pub mod codec;
pub mod crypto;
pub mod cx;
pub mod entropy;
pub mod esp;
pub mod isakmp;
pub mod l2tp;
pub mod layer;
pub mod ospf;
pub mod packet;
pub mod ppp;
pub mod show;
pub mod stack;
pub mod time;
