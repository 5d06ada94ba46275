//! Packets of the protocols that negotiate by RFC 1661 section 5: LCP and the network control protocols.
//! The options are those of the protocol at hand.

mod option;
mod packet;

pub use option::OptionSet;
pub(super) use option::{decode_options, encode_option, show_data, show_ill_sized, shown_length};
pub use packet::{Body, Code, Codes, Packet};
