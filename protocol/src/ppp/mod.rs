//! PPP: the frame header, the packets of every control and authentication protocol met over L2TP, and their options.
//! Wire formats only; which packet may be sent when is not decided here.
//!
//! RFC 1661 and 1570 (LCP), 1662 (framing), 1334 (PAP), 1994 (CHAP), 2433 and 2759 (MS-CHAP), 1332 and 1877 (IPCP),
//! 5072 (IPV6CP), 1962 (CCP) with 1974, 1977, 1978, 1979 and 3078 (its options), 3748 (EAP), 1990 and 2153.

mod any;
pub mod cbcp;
pub mod ccp;
pub mod chap;
pub mod control;
pub mod eap;
mod envelope;
pub mod frame;
pub mod ipcp;
pub mod ipv6cp;
pub mod lcp;
mod number;
pub mod pap;
pub mod raw;
#[cfg(test)]
mod tests;
mod text;

pub use any::{Control, decode_control};
pub use number::Protocol;
