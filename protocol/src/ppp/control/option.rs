//! Configuration Options (RFC 1661 section 6).
//!
//! ```text
//! Type (1)  Length (1)  Data ...
//! ```

use super::Codes;
use crate::codec::{Malformed, Reader, Why, Writer};
use crate::show::{Show, Sink, Value};
use core::fmt;

/// Octets of Type and Length, which the Length counts as well.
const HEADER: usize = 2;

/// The Configuration Options of one control protocol.
pub trait OptionSet: Sized + fmt::Display + Show {
    /// The codes that packets of the protocol have.
    const CODES: Codes;

    /// The Type of this option.
    fn number(&self) -> u8;

    /// Reads the Data of an option. Data that is left over, or too short, does not fit the Type.
    ///
    /// # Errors
    /// The first field that the Data has no octets for.
    fn decode_data(number: u8, data: &mut Reader<'_>) -> Result<Self, Malformed>;

    /// An option whose Data is too short or too long for its Type. It is still an option, to be answered with the
    /// right length (LCP-1661-6-a).
    fn ill_sized(number: u8, data: Vec<u8>) -> Self;

    /// Appends the Data.
    fn encode_data(&self, w: &mut Writer);
}

/// Reads options until nothing is left.
pub(in crate::ppp) fn decode_options<O: OptionSet>(r: &mut Reader<'_>) -> Result<Vec<O>, Malformed> {
    let mut options = Vec::new();
    while !r.is_empty() {
        options.push(decode(r)?);
    }
    Ok(options)
}

fn decode<O: OptionSet>(r: &mut Reader<'_>) -> Result<O, Malformed> {
    let have = r.len();
    let number = r.u8("Option Type")?;
    let at = *r;
    let length = usize::from(r.u8("Option Length")?);
    let Some(n) = length.checked_sub(HEADER) else {
        return Err(at.refuse("Option Length", Why::Length { got: length, want: HEADER }));
    };
    // An option that reaches past the packet spoils the packet (LCP-1661-6-b).
    let data = r
        .sub("Option Length", n)
        .map_err(|_| at.refuse("Option Length", Why::Truncated { need: length, have }))?;
    let mut fields = data;
    Ok(match O::decode_data(number, &mut fields) {
        Ok(option) if fields.is_empty() => option,
        Ok(_) | Err(_) => O::ill_sized(number, data.peek().to_vec()),
    })
}

/// Appends an option.
pub(in crate::ppp) fn encode_option<O: OptionSet>(option: &O, w: &mut Writer) {
    w.u8(option.number());
    w.length_u8("Option Length", HEADER, |w| option.encode_data(w));
}

/// The Length of an option, to be shown.
pub(in crate::ppp) fn shown_length<O: OptionSet>(option: &O) -> Value<'static> {
    let length = crate::ppp::envelope::measure(|w| option.encode_data(w)).saturating_add(HEADER);
    Value::Number(u64::try_from(length).unwrap_or(u64::MAX))
}

/// Shows the Data of an option that has no fields here.
pub(in crate::ppp) fn show_data(sink: &mut dyn Sink, data: &[u8]) {
    if !data.is_empty() {
        sink.field("data", Value::Octets(data));
    }
}

/// Shows the Data of an option that does not have the size of its Type.
pub(in crate::ppp) fn show_ill_sized(sink: &mut dyn Sink, data: &[u8]) {
    sink.field("ill_sized", Value::Flag(true));
    show_data(sink, data);
}
