//! The Vendor ID payload (RFC 2408 section 3.16), and who is known by which.
//!
//! Most are MD5 digests of a text; some carry a version or a capability word behind it.

use self::Known as K;
use crate::show::{Show, Sink, Value};

/// A mark of an implementation or of a capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorId(pub Vec<u8>);

/// Vendor IDs that change what a peer may do, or tell what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// NAT traversal of RFC 3947.
    Rfc3947,
    /// NAT traversal of the IETF's draft 00.
    NatTDraft00,
    /// NAT traversal of draft 01.
    NatTDraft01,
    /// NAT traversal of draft 02, the digest of its name alone.
    NatTDraft02,
    /// NAT traversal of draft 02, the digest of its name and a newline.
    NatTDraft02Newline,
    /// NAT traversal of draft 03.
    NatTDraft03,
    /// NAT traversal of draft 04.
    NatTDraft04,
    /// NAT traversal of draft 05.
    NatTDraft05,
    /// NAT traversal of draft 06.
    NatTDraft06,
    /// NAT traversal of draft 07.
    NatTDraft07,
    /// NAT traversal of draft 08.
    NatTDraft08,
    /// NAT traversal of draft 09, which never was.
    NatTDraft09,
    /// NAT traversal of the drafts' common name, sent by Apple.
    NatTApple,
    /// NAT traversal of draft-stenberg 01.
    NatTStenberg01,
    /// NAT traversal of draft-stenberg 02.
    NatTStenberg02,
    /// Dead peer detection of RFC 3706, version 1.0 (DPD-3706-5.1-b).
    Dpd,
    /// Extended authentication.
    Xauth,
    /// Cisco Unity.
    Unity,
    /// Fragments; see [`VendorId::fragmentation_capability`].
    Fragmentation,
    /// Windows.
    MsNt5 {
        /// Which Windows: 2 is 2000, 9 is 8 to 10.
        version: u32,
    },
    /// Microsoft's negotiation discovery.
    MsNegotiationDiscovery,
    /// Microsoft's INITIAL-CONTACT by vendor ID.
    MsVidInitialContact,
    /// Microsoft's cryptographically generated addresses.
    MsIkeCga,
    /// strongSwan.
    StrongSwan,
    /// racoon.
    Kame,
    /// Openswan or libreswan.
    Openswan,
}

/// What may follow the 16 octets of a vendor ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Nothing.
    No,
    /// These four octets.
    Is(u32),
    /// Anything up to four octets.
    Any,
}

/// The first 16 octets, what follows them, name, meaning.
type Row = (u128, Tail, &'static str, Option<Known>);

const MS_NT5: u128 = 0x1e2b_5169_0599_1c7d_7c96_fcbf_b587_e461;
const FRAGMENTATION: u128 = 0x4048_b7d5_6ebc_e885_25e7_de7f_00d6_c2d3;
const KEY_MODS: u128 = 0x0152_8bbb_c006_9612_1849_ab9a_1c5b_2a51;

/// Vendor IDs of 16 octets, those with a tail included; the first row that fits counts.
const ROWS: &[Row] = &[
    (0x4a13_1c81_0703_5845_5c57_28f2_0e95_452f, Tail::No, "RFC 3947", Some(K::Rfc3947)),
    (0x4df3_7928_e9fc_4fd1_b326_2170_d515_c662, Tail::No, "draft-ietf-ipsec-nat-t-ike", Some(K::NatTApple)),
    (
        0x4485_152d_18b6_bbcd_0be8_a846_9579_ddcc,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-00",
        Some(K::NatTDraft00),
    ),
    (
        0x16f6_ca16_e4a4_066d_8382_1a0f_0aea_a862,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-01",
        Some(K::NatTDraft01),
    ),
    (
        0xcd60_4643_35df_21f8_7cfd_b2fc_68b6_a448,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-02",
        Some(K::NatTDraft02),
    ),
    (
        0x90cb_8091_3ebb_696e_0863_81b5_ec42_7b1f,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-02\\n",
        Some(K::NatTDraft02Newline),
    ),
    (
        0x7d94_19a6_5310_ca6f_2c17_9d92_1552_9d56,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-03",
        Some(K::NatTDraft03),
    ),
    (
        0x9909_b64e_ed93_7c65_73de_52ac_e952_fa6b,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-04",
        Some(K::NatTDraft04),
    ),
    (
        0x80d0_bb3d_ef54_565e_e846_45d4_c85c_e3ee,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-05",
        Some(K::NatTDraft05),
    ),
    (
        0x4d1e_0e13_6dea_fa34_c4f3_ea9f_02ec_7285,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-06",
        Some(K::NatTDraft06),
    ),
    (
        0x439b_59f8_ba67_6c4c_7737_ae22_eab8_f582,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-07",
        Some(K::NatTDraft07),
    ),
    (
        0x8f8d_8382_6d24_6b6f_c7a8_a6a4_28c1_1de8,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-08",
        Some(K::NatTDraft08),
    ),
    (
        0x42ea_5b6f_898d_9773_a575_df26_e7dd_19e1,
        Tail::No,
        "draft-ietf-ipsec-nat-t-ike-09",
        Some(K::NatTDraft09),
    ),
    (
        0x27ba_b5dc_01ea_0760_ea4e_3190_ac27_c0d0,
        Tail::No,
        "draft-stenberg-ipsec-nat-traversal-01",
        Some(K::NatTStenberg01),
    ),
    (
        0x6105_c422_e768_47e4_3f96_8480_1292_aecd,
        Tail::No,
        "draft-stenberg-ipsec-nat-traversal-02",
        Some(K::NatTStenberg02),
    ),
    (0xafca_d713_68a1_f1c9_6b86_96fc_7757_0100, Tail::No, "Dead Peer Detection 1.0", Some(K::Dpd)),
    (0x12f5_f28c_4571_68a9_702d_9fe2_74cc_0100, Tail::No, "Cisco Unity", Some(K::Unity)),
    (FRAGMENTATION, Tail::Any, "FRAGMENTATION", Some(K::Fragmentation)),
    (
        0xfb1d_e3cd_f341_b7ea_16b7_e5be_0855_f120,
        Tail::No,
        "MS-Negotiation Discovery Capable",
        Some(K::MsNegotiationDiscovery),
    ),
    (
        0x2624_4d38_eddb_61b3_172a_36e3_d0cf_b819,
        Tail::No,
        "Vid-Initial-Contact",
        Some(K::MsVidInitialContact),
    ),
    (0xe3a5_966a_7637_9fe7_0722_8231_e5ce_8652, Tail::No, "IKE CGA version 1", Some(K::MsIkeCga)),
    (MS_NT5, Tail::Is(2), "MS NT5 ISAKMPOAKLEY (Windows 2000)", Some(K::MsNt5 { version: 2 })),
    (MS_NT5, Tail::Is(3), "MS NT5 ISAKMPOAKLEY (Windows XP SP1)", Some(K::MsNt5 { version: 3 })),
    (MS_NT5, Tail::Is(4), "MS NT5 ISAKMPOAKLEY (Windows 2003, XP SP2)", Some(K::MsNt5 { version: 4 })),
    (MS_NT5, Tail::Is(5), "MS NT5 ISAKMPOAKLEY (Windows Vista)", Some(K::MsNt5 { version: 5 })),
    (MS_NT5, Tail::Is(6), "MS NT5 ISAKMPOAKLEY (Windows 2008)", Some(K::MsNt5 { version: 6 })),
    (MS_NT5, Tail::Is(7), "MS NT5 ISAKMPOAKLEY (Windows 7)", Some(K::MsNt5 { version: 7 })),
    (MS_NT5, Tail::Is(8), "MS NT5 ISAKMPOAKLEY (Windows 2008R2)", Some(K::MsNt5 { version: 8 })),
    (
        MS_NT5,
        Tail::Is(9),
        "MS NT5 ISAKMPOAKLEY (Windows 8/8.1/10/2012R2/2016)",
        Some(K::MsNt5 { version: 9 }),
    ),
    (MS_NT5, Tail::Any, "MS NT5 ISAKMPOAKLEY", None),
    (KEY_MODS, Tail::Is(0), "MS KEY_MODS (IKE)", None),
    (KEY_MODS, Tail::Is(1), "MS KEY_MODS (AUTHIP)", None),
    (KEY_MODS, Tail::Is(2), "MS KEY_MODS (IKEv2)", None),
    (0x7bb9_3867_d76c_8d80_df0f_40fa_e8fc_3b19, Tail::Any, "MS AUTHIP INIT KE DH", None),
    (0x621b_04bb_0988_2ac1_e159_35fe_fa24_aeee, Tail::No, "MS GSSAPI", None),
    (0xad2c_0dd0_b9c3_2083_ccba_25b8_861e_c455, Tail::No, "A GSS-API Authentication Method for IKE", None),
    (0x7287_2b95_fcda_2eb7_08ef_e322_119b_4971, Tail::No, "MS NLBS_PRESENT", None),
    (0x214c_a4fa_ffa7_f32d_6748_e530_3395_ae83, Tail::No, "MS-MamieExists", None),
    (0x7003_cbc1_097d_be9c_2600_ba69_83bc_8b35, Tail::No, "KAME/racoon", Some(K::Kame)),
    (0x882f_e56d_6fd2_0dbc_2251_613b_2ebe_5beb, Tail::No, "strongSwan", Some(K::StrongSwan)),
    (0x9e10_a0d4_205e_dc6c_90bd_5381_a53c_2d2b, Tail::No, "strongSwan 5.1.1", Some(K::StrongSwan)),
    (u128::from_be_bytes(*b"HUAWEI-IKEv1DSCP"), Tail::No, "HUAWEI-IKEv1DSCP", None),
    (0x1d6e_178f_6c2c_0be2_8498_5465_450f_e9d4, Tail::No, "Fortigate", None),
];

const XAUTH: [u8; 8] = [0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7, 0x12];
const DPD_WITHOUT_VERSION: [u8; 14] =
    [0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57];
const CISCO_CONCENTRATOR: [u8; 14] =
    [0x1f, 0x07, 0xf7, 0x0e, 0xaa, 0x65, 0x14, 0xd3, 0xb0, 0xfa, 0x96, 0x54, 0x2a, 0x50];
/// Openswan's: "OE" and ten characters that are drawn from a digest of its version.
const OPENSWAN_LEN: usize = 12;

impl VendorId {
    /// The vendor ID of a meaning, in the form that most send; `None` if it differs with each release.
    #[must_use]
    pub fn of(known: Known) -> Option<Self> {
        if known == Known::Xauth {
            return Some(Self(XAUTH.to_vec()));
        }
        if let Known::MsNt5 { version } = known {
            return Some(Self::joined(MS_NT5, &version.to_be_bytes()));
        }
        let (head, ..) = ROWS.iter().find(|(.., meaning)| *meaning == Some(known))?;
        Some(Self::joined(*head, &[]))
    }

    fn joined(head: u128, tail: &[u8]) -> Self {
        let mut octets = head.to_be_bytes().to_vec();
        octets.extend_from_slice(tail);
        Self(octets)
    }

    /// Who or what is meant.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.look_up().map(|(name, _)| name)
    }

    /// What is meant, if it is one of those that must be recognised.
    #[must_use]
    pub fn known(&self) -> Option<Known> {
        self.look_up().and_then(|(_, known)| known)
    }

    /// The capability word behind FRAGMENTATION, if it has one.
    #[must_use]
    pub fn fragmentation_capability(&self) -> Option<u32> {
        let tail = self.0.strip_prefix(&FRAGMENTATION.to_be_bytes())?;
        <[u8; 4]>::try_from(tail).ok().map(u32::from_be_bytes)
    }

    fn look_up(&self) -> Option<(&'static str, Option<Known>)> {
        let octets = self.0.as_slice();
        if octets == XAUTH {
            return Some(("XAUTH", Some(Known::Xauth)));
        }
        if octets.len() == OPENSWAN_LEN && octets.starts_with(b"OE") && octets.is_ascii() {
            return Some(("Openswan or libreswan", Some(Known::Openswan)));
        }
        let (head, tail) = octets.split_first_chunk::<16>()?;
        let head = u128::from_be_bytes(*head);
        let row = ROWS.iter().find(|(row_head, row_tail, ..)| *row_head == head && row_tail.fits(tail));
        if let Some((row_head, _, name, known)) = row {
            let version = <[u8; 4]>::try_from(tail).ok().map(u32::from_be_bytes);
            return match (*row_head, version) {
                (MS_NT5, Some(version)) => Some((name, Some(Known::MsNt5 { version }))),
                _ => Some((name, *known)),
            };
        }
        if octets.len() == 16 && octets.starts_with(&DPD_WITHOUT_VERSION) {
            return Some(("Dead Peer Detection", None));
        }
        if octets.len() == 16 && octets.starts_with(&CISCO_CONCENTRATOR) {
            return Some(("Cisco VPN concentrator", None));
        }
        None
    }
}

impl Tail {
    fn fits(self, tail: &[u8]) -> bool {
        match self {
            Self::No => tail.is_empty(),
            Self::Is(word) => tail == word.to_be_bytes(),
            Self::Any => tail.len() <= 4,
        }
    }
}

impl Show for VendorId {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("vendor_id", Value::Octets(&self.0));
        if let Some(name) = self.name() {
            sink.field("vendor_name", Value::Word(name));
        }
    }
}
