//! From a profile to the configuration of L2TP.

use l2tpspec_protocol::l2tp::wire::{Avp as WireAvp, AvpValue};
use l2tpspec_protocol::l2tp::{self, Config, Content, DataHabit};

use super::{HALF_OPEN_LIMIT, durations};
use crate::profile::l2tp::{Avp, Messages, Part};
use crate::profile::word::Span;
use crate::profile::{Fact, Profile, Role};

/// The result of a call that is ended for administrative reasons (RFC 2661 section 4.4.2).
const ADMINISTRATIVE: u16 = 3;

impl Profile {
    /// The configuration of L2TP, with the secret of tunnel authentication if there is one. Only supernodes answer.
    #[must_use]
    pub fn l2tp(&self, secret: Option<Vec<u8>>) -> Config {
        let l2tp = &self.l2tp;
        Config {
            messages: l2tp.messages.convert(),
            host_name: l2tp.host_name.value.clone().into_bytes(),
            receive_window: l2tp.receive_window.value,
            challenge_octets: secret.as_ref().and(l2tp.challenge_octets.value),
            secret,
            hello: l2tp.hello.value.map(|Span(hello)| hello),
            retransmission: durations(&l2tp.retransmission.value),
            acknowledgment_delay: l2tp.acknowledgment_delay.value.0,
            ids: l2tp.ids.value.0,
            call_serial_numbers: l2tp.call_serial_numbers.value.0,
            result_form: l2tp.result_form.value.0,
            hangup_result: l2tp.hangup_result.as_ref().map_or(ADMINISTRATIVE, |result| result.value),
            result_text: l2tp
                .result_text
                .as_ref()
                .map(|text| text.value.clone().into_bytes())
                .unwrap_or_default(),
            data: DataHabit {
                has_length: l2tp.data.length.value,
                is_numbered: l2tp.data.sequence.value,
                offset_size: l2tp.data.offset.value,
            },
            accepts_tunnels: self.role == Role::Supernode,
            half_open_limit: HALF_OPEN_LIMIT,
        }
    }
}

impl Messages {
    fn convert(&self) -> l2tp::Messages {
        let parts = |parts: &Fact<Vec<Part>>| parts.value.iter().map(Part::convert).collect();
        let some = |fact: &Option<Fact<Vec<Part>>>| fact.as_ref().map(parts).unwrap_or_default();
        l2tp::Messages {
            sccrq: some(&self.sccrq),
            sccrp: some(&self.sccrp),
            scccn: some(&self.scccn),
            stop_ccn: parts(&self.stop_ccn),
            icrq: some(&self.icrq),
            icrp: some(&self.icrp),
            iccn: some(&self.iccn),
            cdn: parts(&self.cdn),
        }
    }
}

impl Part {
    fn convert(&self) -> l2tp::Part {
        let content = match &self.avp {
            Avp::ProtocolVersion => Content::Fixed(AvpValue::ProtocolVersion { version: 1, revision: 0 }),
            Avp::FramingCapabilities(bits) => Content::Fixed(AvpValue::FramingCapabilities(*bits)),
            Avp::BearerCapabilities(bits) => Content::Fixed(AvpValue::BearerCapabilities(*bits)),
            Avp::FirmwareRevision(number) => Content::Fixed(AvpValue::FirmwareRevision(*number)),
            Avp::VendorName(name) => Content::Fixed(AvpValue::VendorName(name.clone().into_bytes())),
            Avp::BearerType(bits) => Content::Fixed(AvpValue::BearerType(*bits)),
            Avp::FramingType(bits) => Content::Fixed(AvpValue::FramingType(*bits)),
            Avp::TxConnectSpeed(speed) => Content::Fixed(AvpValue::TxConnectSpeed(*speed)),
            Avp::RxConnectSpeed(speed) => Content::Fixed(AvpValue::RxConnectSpeed(*speed)),
            Avp::HostName => Content::HostName,
            Avp::AssignedTunnelId => Content::AssignedTunnelId,
            Avp::ReceiveWindowSize => Content::ReceiveWindowSize,
            Avp::Challenge => Content::Challenge,
            Avp::ChallengeResponse => Content::ChallengeResponse,
            Avp::TieBreaker => Content::TieBreaker,
            Avp::AssignedSessionId => Content::AssignedSessionId,
            Avp::CallSerialNumber => Content::CallSerialNumber,
            Avp::ResultCode => Content::ResultCode,
            Avp::Vendor(avp) => Content::Whole(WireAvp {
                mandatory: self.mandatory,
                hidden: false,
                reserved: 0,
                vendor_id: avp.vendor,
                attribute_type: avp.attribute,
                value: AvpValue::Opaque(avp.value.0.clone()),
            }),
        };
        l2tp::Part { content, mandatory: self.mandatory, hidden: self.hidden }
    }
}
