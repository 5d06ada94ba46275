//! How a chosen transform is written (RFC 2408 section 4.2).

use super::Encoding;
use crate::isakmp::wire::{Attribute, Transform};

/// The chosen transform is not given back octet by octet but written anew, as strongSwan does: in an order, a form and under a number
/// of one's own, with the values that were offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewriting {
    /// The number of the transform.
    pub transform_number: u8,
    /// The classes of the attributes, in order. Those that are not among them follow as they were.
    pub order: Vec<u16>,
    /// How durations are written.
    pub encoding: Encoding,
}

impl Rewriting {
    /// The same transform in one's own hand. `life` are the classes of the type and of the duration of a lifetime.
    pub(super) fn of(&self, transform: &Transform, life: [u16; 2]) -> Transform {
        let place =
            |class: u16| self.order.iter().position(|other| *other == class).unwrap_or(self.order.len());
        let [life_type, duration] = life;
        // A duration stands behind its type, wherever that goes.
        let is_life = |class: u16| class == life_type || class == duration;
        let key = |attribute: &Attribute| {
            if is_life(attribute.class) { place(life_type) } else { place(attribute.class) }
        };
        let mut attributes = transform.attributes.clone();
        attributes.sort_by_key(key);
        for attribute in attributes.iter_mut().filter(|attribute| attribute.class == duration) {
            let value = attribute.value_u64().and_then(|value| u32::try_from(value).ok());
            if let Some(value) = value {
                *attribute = self.encoding.attribute(duration, value);
            }
        }
        Transform { number: self.transform_number, attributes, ..transform.clone() }
    }
}
