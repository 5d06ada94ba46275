//! MS-CHAP of both versions (RFC 2433, RFC 2759). Which one is spoken, LCP says.

use l2tpspec_protocol::codec::{Codec as _, Reader};
use l2tpspec_protocol::ppp::chap::mschap::{Failure, Response2};
use l2tpspec_protocol::ppp::chap::{Algorithm, Body, Code};

use super::judge::{Looks, judge};
use super::links::Turn;
use crate::rule::Rule;

/// Octets of a Response of either version.
const RESPONSE: usize = 49;

/// The Value of a packet of this code if the authenticator has agreed to this algorithm.
fn value<'a>(turn: &Turn<'a>, code: Code, algorithm: Algorithm) -> Option<&'a [u8]> {
    let authenticator = if code == Code::Response { !turn.sender } else { turn.sender };
    let packet = turn.chap().filter(|packet| packet.code == code)?;
    match &packet.body {
        Body::Value { value, .. } if turn.link.algorithm(authenticator) == Some(algorithm) => Some(value),
        _ => None,
    }
}

/// The Message of a packet of this code under MS-CHAPv2.
fn message<'a>(turn: &Turn<'a>, code: Code) -> Option<&'a [u8]> {
    let packet = turn.chap().filter(|packet| packet.code == code)?;
    match &packet.body {
        Body::Message(message) if turn.link.algorithm(turn.sender) == Some(Algorithm::MsChapV2) => {
            Some(message)
        }
        _ => None,
    }
}

/// MSCHAP-2433-4-a.
pub(super) fn challenge_1() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        if let Some(value) = value(turn, Code::Challenge, Algorithm::MsChap)
            && value.len() != 8
        {
            turn.violation(
                report,
                format!("sent an MS-CHAP Challenge of {} octets; expected 8", value.len()),
            );
        }
    })
}

/// MSCHAP-2433-6-a.
pub(super) fn response_1() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        if let Some(value) = value(turn, Code::Response, Algorithm::MsChap)
            && value.len() != RESPONSE
        {
            turn.violation(
                report,
                format!("sent an MS-CHAP Response of {} octets; expected {RESPONSE}", value.len()),
            );
        }
    })
}

/// MSCHAP-2759-2-a.
pub(super) fn challenge_2() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        if let Some(value) = value(turn, Code::Challenge, Algorithm::MsChapV2)
            && value.len() != 16
        {
            turn.violation(
                report,
                format!("sent an MS-CHAPv2 Challenge of {} octets; expected 16", value.len()),
            );
        }
    })
}

/// MSCHAP-2759-4-a.
pub(super) fn response_2() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some(value) = value(turn, Code::Response, Algorithm::MsChapV2) else { return };
        match Response2::decode_all(value) {
            Err(_) => {
                let length = value.len();
                turn.violation(
                    report,
                    format!("sent an MS-CHAPv2 Response of {length} octets; expected {RESPONSE}"),
                );
            }
            Ok(response) if response.reserved != [0; 8] => {
                turn.violation(
                    report,
                    "sent an MS-CHAPv2 Response with reserved octets set; expected eight zeros",
                );
            }
            Ok(response) if response.flags != 0 => {
                let flags = response.flags;
                turn.violation(
                    report,
                    format!("sent an MS-CHAPv2 Response with Flags {flags:#04x}; expected zero"),
                );
            }
            Ok(_) => {}
        }
    })
}

/// MSCHAP-2759-5-a.
pub(super) fn success_2() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some(message) = message(turn, Code::Success) else { return };
        let digits = message.strip_prefix(b"S=").map(|rest| &rest[..rest.len().min(40)]);
        let is_digit = |octet: &u8| octet.is_ascii_digit() || (b'A'..=b'F').contains(octet);
        let wrong = match digits {
            None => "without S= at its beginning",
            Some(digits) if digits.len() < 40 || !digits.iter().all(u8::is_ascii_hexdigit) => {
                "with less than 40 hexadecimal digits after S="
            }
            Some(digits) if !digits.iter().all(is_digit) => "with lower-case digits after S=",
            Some(_) => return,
        };
        turn.violation(
            report,
            format!("sent an MS-CHAPv2 Success {wrong}; expected S= and 40 upper-case hexadecimal digits"),
        );
    })
}

/// MSCHAP-2759-6-a.
pub(super) fn failure_challenge() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let Some(message) = message(turn, Code::Failure) else { return };
        let is_challenge = |word: &&[u8]| word.starts_with(b"C=");
        let challenge = message.split(|octet| *octet == b' ').find(is_challenge).map(|word| &word[2..]);
        let wrong = match challenge {
            None => "without C=".to_owned(),
            Some(digits) if digits.len() != 32 => format!("with C= of {} digits", digits.len()),
            Some(digits) if !digits.iter().all(u8::is_ascii_hexdigit) => {
                "with a C= that is not hexadecimal".to_owned()
            }
            Some(_) => return,
        };
        turn.violation(
            report,
            format!("sent an MS-CHAPv2 Failure {wrong}; expected C= and 32 hexadecimal digits"),
        );
    })
}

/// MSCHAP-2759-6-b.
pub(super) fn failure_version() -> Box<dyn Rule> {
    judge(Looks::AtControl, |_: &mut (), turn, report| {
        let failure =
            message(turn, Code::Failure).and_then(|message| Failure::parse(Reader::new(message)).ok());
        if let Some(failure) = failure
            && let Some(version) = failure.version
            && version != 3
        {
            turn.violation(report, format!("sent an MS-CHAPv2 Failure with V={version}; expected V=3"));
        }
    })
}
