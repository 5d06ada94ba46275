//! Open enumerations of the numbers that the RFCs assign.

/// Declares an open enumeration: named variants with their numbers, and `Unknown` for every other number.
///
/// Generates `from_number`, `number`, `name` (the RFC's word, `None` if unknown), `From` both ways, `Display`.
#[macro_export]
macro_rules! code_points {
    ($(#[$meta:meta])* $vis:vis enum $name:ident: $int:ty {
        $($(#[$variant_meta:meta])* $variant:ident = $number:literal => $word:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $($(#[$variant_meta])* #[doc = concat!($word, " (", stringify!($number), ").")] $variant,)*
            /// A number without a name here.
            Unknown($int),
        }

        impl $name {
            /// The named numbers, in the order of declaration.
            pub const NAMED: &'static [Self] = &[$(Self::$variant),*];

            /// The code point of a number.
            #[must_use]
            pub const fn from_number(number: $int) -> Self {
                match number { $($number => Self::$variant,)* other => Self::Unknown(other) }
            }

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> $int {
                match self { $(Self::$variant => $number,)* Self::Unknown(other) => other }
            }

            /// The RFC's word for it.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self { $(Self::$variant => Some($word),)* Self::Unknown(_) => None }
            }

            /// The number and its name, to be shown.
            #[must_use]
            pub fn shown(self) -> $crate::show::Value<'static> {
                $crate::show::Value::Code { number: u64::from(self.number()), name: self.name() }
            }
        }

        impl From<$int> for $name {
            fn from(number: $int) -> Self { Self::from_number(number) }
        }

        impl From<$name> for $int {
            fn from(code: $name) -> Self { code.number() }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() { Some(word) => f.write_str(word), None => write!(f, "{}", self.number()) }
            }
        }
    };
}
