//! What a person or a program is shown: JSON lines and human text, both fed by the same values.

pub mod json;
pub mod text;
