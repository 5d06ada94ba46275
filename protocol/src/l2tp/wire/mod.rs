//! Messages of L2TPv2 as values (RFC 2661 sections 3 and 4, RFC 3145). Whether a peer may send one is not decided
//! here.

mod attribute;
mod avp;
mod code_point;
mod control;
mod data;
mod header;
mod shown;
mod value;

pub use attribute::{AttributeRule, required_attributes, rule_for};
pub use avp::Avp;
pub use code_point::{
    AttributeType, CallDisconnectNotifyResult, DisconnectCode, DisconnectDirection, ErrorCode, MessageType,
    ProxyAuthenType, StopControlConnectionNotificationResult,
};
pub use control::ControlMessage;
pub use data::{DataHeader, DataMessage};
pub use header::{Header, Recognised, Sequence, recognise};
pub use value::{AvpValue, CallErrors, CauseCode, DisconnectCause, ResultCode};

#[cfg(test)]
mod tests;
