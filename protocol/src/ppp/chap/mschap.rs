//! What Microsoft's versions put into the Value of a Response and into the Message of Success and Failure
//! (RFC 2433 sections 5 to 8, RFC 2759 sections 4 to 6). Which version applies is known from LCP only, hence these
//! are read from the octets of a [`super::Packet`] rather than with it.

use crate::code_points;
use crate::codec::{Codec, Malformed, Reader, Why, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;

/// The Value of a Response of version 1 (RFC 2433 section 6, MSCHAP-2433-6-a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response1 {
    /// LAN Manager compatible challenge response.
    pub lan_manager_response: [u8; 24],
    /// Windows NT compatible challenge response.
    pub nt_response: [u8; 24],
    /// Use Windows NT compatible challenge response: 1 if the other one is to be ignored.
    pub use_nt_response: u8,
}

impl Codec for Response1 {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            lan_manager_response: r.array("LAN Manager compatible challenge response")?,
            nt_response: r.array("Windows NT compatible challenge response")?,
            use_nt_response: r.u8("Use Windows NT compatible challenge response flag")?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.put(&self.lan_manager_response);
        w.put(&self.nt_response);
        w.u8(self.use_nt_response);
    }
}

impl Show for Response1 {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("lan_manager_response", Value::Octets(&self.lan_manager_response));
        sink.field("nt_response", Value::Octets(&self.nt_response));
        sink.field("use_nt_response", Value::Number(u64::from(self.use_nt_response)));
    }
}

/// The Value of a Response of version 2 (RFC 2759 section 4, MSCHAP-2759-4-a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response2 {
    /// Peer-Challenge.
    pub peer_challenge: [u8; 16],
    /// Reserved, to be zero.
    pub reserved: [u8; 8],
    /// NT-Response.
    pub nt_response: [u8; 24],
    /// Flags, to be zero.
    pub flags: u8,
}

impl Codec for Response2 {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            peer_challenge: r.array("Peer-Challenge")?,
            reserved: r.array("Reserved")?,
            nt_response: r.array("NT-Response")?,
            flags: r.u8("Flags")?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.put(&self.peer_challenge);
        w.put(&self.reserved);
        w.put(&self.nt_response);
        w.u8(self.flags);
    }
}

impl Show for Response2 {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("peer_challenge", Value::Octets(&self.peer_challenge));
        sink.field("reserved", Value::Octets(&self.reserved));
        sink.field("nt_response", Value::Octets(&self.nt_response));
        sink.field("flags", Value::Number(u64::from(self.flags)));
    }
}

/// The Message of a Success of version 2: `S=` and 40 hexadecimal digits, then perhaps ` M=` and text
/// (RFC 2759 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// Authenticator response, S.
    pub authenticator_response: [u8; 20],
    /// Whether every hexadecimal digit is upper-case, as it must be (MSCHAP-2759-5-a).
    pub is_upper_case: bool,
    /// Message, M.
    pub message: Option<Vec<u8>>,
}

impl Success {
    /// Reads the Message of a Success.
    ///
    /// # Errors
    /// The first part that is not as described.
    pub fn parse(mut r: Reader<'_>) -> Result<Self, Malformed> {
        expect(&mut r, "S", b"S=")?;
        let at = r;
        let digits = r.take("S", 40)?;
        let response = octets_of(at, "S", digits)?;
        let Ok(authenticator_response) = response.try_into() else {
            return Err(at.refuse("S", Why::Length { got: digits.len(), want: 40 }));
        };
        let message = if r.is_empty() {
            None
        } else {
            expect(&mut r, "M", b" M=")?;
            Some(r.take_rest().to_vec())
        };
        let is_upper_case = !digits.iter().any(u8::is_ascii_lowercase);
        Ok(Self { authenticator_response, is_upper_case, message })
    }

    /// The Message, which [`Success::parse`] reads back as `self`.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut text = b"S=".to_vec();
        push_hex(&mut text, &self.authenticator_response, self.is_upper_case);
        if let Some(message) = &self.message {
            text.extend_from_slice(b" M=");
            text.extend_from_slice(message);
        }
        text
    }
}

impl Show for Success {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("authenticator_response", Value::Octets(&self.authenticator_response));
        sink.field("upper_case", Value::Flag(self.is_upper_case));
        if let Some(message) = &self.message {
            sink.field("message_text", Value::Text(message));
        }
    }
}

code_points! {
    /// Why authentication failed, E (RFC 2433 section 8, RFC 2759 section 6).
    pub enum ErrorCode: u32 {
        RestrictedLogonHours = 646 => "ERROR_RESTRICTED_LOGON_HOURS",
        AccountDisabled = 647 => "ERROR_ACCT_DISABLED",
        PasswordExpired = 648 => "ERROR_PASSWD_EXPIRED",
        NoDialinPermission = 649 => "ERROR_NO_DIALIN_PERMISSION",
        AuthenticationFailure = 691 => "ERROR_AUTHENTICATION_FAILURE",
        ChangingPassword = 709 => "ERROR_CHANGING_PASSWORD",
    }
}

/// The Message of a Failure: parts `E=`, `R=`, `C=`, `V=` with single spaces between, then perhaps ` M=` and text.
/// All but the first may be left out (MSCHAP-2433-8-a).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Error, E.
    pub error: ErrorCode,
    /// Whether a new Response may be sent, R.
    pub is_retry_allowed: Option<bool>,
    /// The challenge to answer then, C. Version 1 gives 8 octets, version 2 must give 16 (MSCHAP-2759-6-a).
    pub challenge: Option<Vec<u8>>,
    /// Version of the Change-Password packet that is understood, V.
    pub version: Option<u32>,
    /// Message, M.
    pub message: Option<Vec<u8>>,
}

impl Failure {
    /// Reads the Message of a Failure.
    ///
    /// # Errors
    /// The first part that is not as described.
    pub fn parse(mut r: Reader<'_>) -> Result<Self, Malformed> {
        expect(&mut r, "E", b"E=")?;
        let error = ErrorCode::from_number(number(&mut r, "E")?);
        let mut failure =
            Self { error, is_retry_allowed: None, challenge: None, version: None, message: None };
        if starts(&mut r, b" R=") {
            let at = r;
            failure.is_retry_allowed = Some(match number(&mut r, "R")? {
                0 => false,
                1 => true,
                got => return Err(at.refuse("R", Why::Value { got: u64::from(got) })),
            });
        }
        if starts(&mut r, b" C=") {
            let at = r;
            let digits = word(&mut r, "C")?;
            failure.challenge = Some(octets_of(at, "C", digits)?);
        }
        if starts(&mut r, b" V=") {
            failure.version = Some(number(&mut r, "V")?);
        }
        if starts(&mut r, b" M=") {
            failure.message = Some(r.take_rest().to_vec());
        }
        r.finish("Message")?;
        Ok(failure)
    }

    /// The Message, which [`Failure::parse`] reads back as `self`.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut text = format!("E={}", self.error.number()).into_bytes();
        if let Some(is_retry_allowed) = self.is_retry_allowed {
            text.extend_from_slice(if is_retry_allowed { b" R=1" } else { b" R=0" });
        }
        if let Some(challenge) = &self.challenge {
            text.extend_from_slice(b" C=");
            push_hex(&mut text, challenge, true);
        }
        if let Some(version) = self.version {
            text.extend_from_slice(format!(" V={version}").as_bytes());
        }
        if let Some(message) = &self.message {
            text.extend_from_slice(b" M=");
            text.extend_from_slice(message);
        }
        text
    }
}

impl Show for Failure {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("error", self.error.shown());
        if let Some(is_retry_allowed) = self.is_retry_allowed {
            sink.field("retry_allowed", Value::Flag(is_retry_allowed));
        }
        if let Some(challenge) = &self.challenge {
            sink.field("challenge", Value::Octets(challenge));
        }
        if let Some(version) = self.version {
            sink.field("version", Value::Number(u64::from(version)));
        }
        if let Some(message) = &self.message {
            sink.field("message_text", Value::Text(message));
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E={}", self.error.number())?;
        self.error.name().map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

/// Takes `what` if it comes next.
fn starts(r: &mut Reader<'_>, what: &[u8]) -> bool {
    r.peek().starts_with(what) && r.take("Message", what.len()).is_ok()
}

fn expect(r: &mut Reader<'_>, field: &'static str, what: &[u8]) -> Result<(), Malformed> {
    let at = *r;
    let octets = r.take(field, what.len())?;
    match octets.iter().zip(what).find(|(got, want)| got != want) {
        None => Ok(()),
        Some((got, _)) => Err(at.refuse(field, Why::Value { got: u64::from(*got) })),
    }
}

/// Takes what stands before the next space or the end.
fn word<'a>(r: &mut Reader<'a>, field: &'static str) -> Result<&'a [u8], Malformed> {
    let n = r.peek().iter().take_while(|octet| **octet != b' ').count();
    r.take(field, n)
}

/// Takes a decimal number.
fn number(r: &mut Reader<'_>, field: &'static str) -> Result<u32, Malformed> {
    let at = *r;
    let digits = word(r, field)?;
    let mut value = 0_u32;
    for digit in digits {
        let Some(next) = char::from(*digit)
            .to_digit(10)
            .and_then(|digit| value.checked_mul(10).and_then(|tens| tens.checked_add(digit)))
        else {
            return Err(at.refuse(field, Why::Value { got: u64::from(*digit) }));
        };
        value = next;
    }
    if digits.is_empty() {
        return Err(at.refuse(field, Why::Truncated { need: 1, have: 0 }));
    }
    Ok(value)
}

/// The octets that hexadecimal digits stand for.
fn octets_of(at: Reader<'_>, field: &'static str, digits: &[u8]) -> Result<Vec<u8>, Malformed> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        let got = digits.len();
        return Err(at.refuse(field, Why::Length { got, want: got.saturating_add(1) }));
    }
    pairs
        .iter()
        .map(|pair| {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            high.zip(low).and_then(|(high, low)| u8::try_from(high << 4 | low).ok()).ok_or_else(|| {
                let got = pair.iter().find(|digit| !digit.is_ascii_hexdigit()).copied().unwrap_or_default();
                at.refuse(field, Why::Value { got: u64::from(got) })
            })
        })
        .collect()
}

fn push_hex(text: &mut Vec<u8>, octets: &[u8], is_upper_case: bool) {
    for octet in octets {
        let digits = if is_upper_case { format!("{octet:02X}") } else { format!("{octet:02x}") };
        text.extend_from_slice(digits.as_bytes());
    }
}
