//! Hiding and opening of AVPs (RFC 2661 section 4.3). Which AVP may be hidden is not decided here.
//!
//! ```text
//! clear  = Length of Original Value (2) | Original Attribute Value | padding, cut into blocks of 16 octets
//! b(1)   = MD5(Attribute Type | secret | Random Vector)     c(1) = p(1) xor b(1)
//! b(i)   = MD5(secret | c(i-1))                             c(i) = p(i) xor b(i)
//! ```

use md5::{Digest as _, Md5};

use super::wire::{Avp, AvpValue, ControlMessage};
use crate::codec::{Malformed, Reader, Unencodable, Writer};

const BLOCK: usize = 16;

/// Opens a hidden AVP with the Random Vector that stands nearest before it. An AVP that is not hidden comes back as
/// it is. The padding is dropped (requirement L2TP-2661-4.3-b).
///
/// # Errors
/// A Length of Original Value that exceeds what is there, as a wrong secret nearly always gives. The offset counts
/// from the hidden value.
pub fn open(avp: &Avp, secret: &[u8], random_vector: &[u8]) -> Result<Avp, Malformed> {
    let AvpValue::Hidden(hidden) = &avp.value else {
        return Ok(avp.clone());
    };
    let mut clear = hidden.clone();
    let mut mask = first_mask(avp.attribute_type, secret, random_vector);
    for (block, cipher) in clear.chunks_mut(BLOCK).zip(hidden.chunks(BLOCK)) {
        xor(block, &mask);
        mask = next_mask(secret, cipher);
    }
    let mut r = Reader::new(&clear);
    let length = usize::from(r.u16("Length of Original Value")?);
    let original = r.take("Original Attribute Value", length)?;
    let value = AvpValue::decode(avp.vendor_id, avp.attribute_type, original);
    Ok(Avp { hidden: false, value, ..*avp })
}

/// Hides an AVP behind a Random Vector, with `padding` after its value to conceal the length. An AVP that is hidden
/// already comes back as it is (requirement L2TP-2661-4.3-b).
///
/// # Errors
/// A value too long for the Length of Original Value.
pub fn hide(avp: &Avp, secret: &[u8], random_vector: &[u8], padding: &[u8]) -> Result<Avp, Unencodable> {
    if matches!(avp.value, AvpValue::Hidden(_)) {
        return Ok(avp.clone());
    }
    let mut w = Writer::new();
    w.length_u16("Length of Original Value", 0, |w| avp.value.encode(w));
    w.put(padding);
    let mut octets = w.into_octets()?;
    let mut mask = first_mask(avp.attribute_type, secret, random_vector);
    for block in octets.chunks_mut(BLOCK) {
        xor(block, &mask);
        mask = next_mask(secret, block);
    }
    Ok(Avp { hidden: true, value: AvpValue::Hidden(octets), ..*avp })
}

impl ControlMessage {
    /// The message with every hidden AVP opened that can be: one without a Random Vector before it, or that the
    /// secret does not open, stays hidden (requirements L2TP-2661-4.3-a and L2TP-2661-4.3-c).
    #[must_use]
    pub fn open_hidden(&self, secret: &[u8]) -> Self {
        let mut random_vector: Option<&[u8]> = None;
        let mut opened =
            Self { header: self.header.clone(), avps: Vec::new(), padding: self.padding.clone() };
        for avp in &self.avps {
            if let AvpValue::RandomVector(vector) = &avp.value {
                random_vector = Some(vector);
            }
            let clear = random_vector.and_then(|vector| open(avp, secret, vector).ok());
            opened.avps.push(clear.unwrap_or_else(|| avp.clone()));
        }
        opened
    }
}

fn first_mask(attribute_type: u16, secret: &[u8], random_vector: &[u8]) -> [u8; BLOCK] {
    let digest = Md5::new().chain_update(attribute_type.to_be_bytes());
    digest.chain_update(secret).chain_update(random_vector).finalize().into()
}

fn next_mask(secret: &[u8], cipher: &[u8]) -> [u8; BLOCK] {
    Md5::new().chain_update(secret).chain_update(cipher).finalize().into()
}

fn xor(block: &mut [u8], mask: &[u8; BLOCK]) {
    for (octet, mask) in block.iter_mut().zip(mask) {
        *octet ^= mask;
    }
}
