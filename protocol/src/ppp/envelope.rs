//! Code, Identifier and Length, which head the packets of every PPP control and authentication protocol
//! (RFC 1661 section 5).
//!
//! ```text
//! Code (1)  Identifier (1)  Length (2)  ...
//! ```

use crate::codec::{Malformed, Reader, Why, Writer};
use crate::show::{Sink, Value};

/// Octets of the header, which its Length counts as well.
const HEADER: usize = 4;

/// A header that was read, and the octets that its Length leaves for the body.
pub(super) struct Opened<'a> {
    pub(super) code: u8,
    pub(super) identifier: u8,
    pub(super) body: Reader<'a>,
}

/// Reads a header and splits off the body; what is left in `r` then is padding (LCP-1661-5-c).
pub(super) fn open<'a>(r: &mut Reader<'a>) -> Result<Opened<'a>, Malformed> {
    let have = r.len();
    let code = r.u8("Code")?;
    let identifier = r.u8("Identifier")?;
    let at = *r;
    let length = usize::from(r.u16("Length")?);
    let Some(n) = length.checked_sub(HEADER) else {
        return Err(at.refuse("Length", Why::Length { got: length, want: HEADER }));
    };
    let body = r.sub("Length", n).map_err(|_| at.refuse("Length", Why::Truncated { need: length, have }))?;
    Ok(Opened { code, identifier, body })
}

/// Writes a header, a body and the padding behind it.
pub(super) fn close(
    w: &mut Writer,
    code: u8,
    identifier: u8,
    padding: &[u8],
    body: impl FnOnce(&mut Writer),
) {
    w.u8(code);
    w.u8(identifier);
    w.length_u16("Length", HEADER, body);
    w.put(padding);
}

/// Octets that `body` writes.
pub(super) fn measure(body: impl FnOnce(&mut Writer)) -> usize {
    let mut w = Writer::new();
    body(&mut w);
    w.len()
}

/// Shows code, identifier and the Length over what `body` writes.
pub(super) fn show(sink: &mut dyn Sink, code: Value<'_>, identifier: u8, body: impl FnOnce(&mut Writer)) {
    sink.field("code", code);
    sink.field("identifier", Value::Number(u64::from(identifier)));
    let length = measure(body).saturating_add(HEADER);
    sink.field("length", Value::Number(u64::try_from(length).unwrap_or(u64::MAX)));
}

/// Shows the octets behind the packet, if there are any.
pub(super) fn show_padding(sink: &mut dyn Sink, padding: &[u8]) {
    if !padding.is_empty() {
        sink.field("padding", Value::Octets(padding));
    }
}
