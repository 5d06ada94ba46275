//! The copy: a capture of either format, and beside it the keys that open it.

use std::borrow::Cow;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, TsResolution};
use serde::{Deserialize, Serialize};

use super::fragments::Frame;
use super::{PASSWORD, PRE_SHARED_KEY, SECRET};
use crate::capture::LinkType;
use crate::capture::keys::Tables;
use crate::error::ExpectedError;

/// The file beside the keys that tells that a recording is a copy.
pub const MARK: &str = "scrubbed.json";

/// What the file beside the keys says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// What made the copy.
    pub made_by: String,
    /// What stands for every pre-shared key.
    pub pre_shared_key: String,
    /// What stands for every password but those of PAP.
    pub password: String,
    /// What stands for the secret of every tunnel.
    pub tunnel_secret: String,
}

enum Writer {
    /// Not begun: the first frame tells the type of the link.
    Pcap(Option<BufWriter<File>>, Option<(LinkType, Box<PcapWriter<BufWriter<File>>>)>),
    Pcapng(Box<PcapNgWriter<BufWriter<File>>>, Vec<LinkType>),
}

/// A copy that is being written. Until it is finished it has another name; without that, nothing of it stays.
pub struct Copy {
    path: PathBuf,
    part: PathBuf,
    writer: Writer,
    is_finished: bool,
}

impl std::fmt::Debug for Copy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copy").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Copy {
    /// Begins a copy: of the newer format if the name ends in `.pcapng`.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn create(path: &Path) -> Result<Self, ExpectedError> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let failed = |source| ExpectedError::File { path: part.clone(), source };
        let file = BufWriter::new(File::create(&part).map_err(failed)?);
        let writer = if path.extension().is_some_and(|extension| extension == "pcapng") {
            let mut section =
                SectionHeaderBlock { endianness: Endianness::Little, ..SectionHeaderBlock::default() };
            let comment = "scrubbed by l2tpspec: names, addresses, secrets and contents stand for others";
            section.options.push(SectionHeaderOption::Comment(Cow::Borrowed(comment)));
            let writer = PcapNgWriter::with_section_header(file, section).map_err(|error| {
                ExpectedError::File { path: part.clone(), source: std::io::Error::other(error) }
            })?;
            Writer::Pcapng(Box::new(writer), Vec::new())
        } else {
            Writer::Pcap(Some(file), None)
        };
        Ok(Self { path: path.to_owned(), part, writer, is_finished: false })
    }

    /// Adds a frame.
    pub(super) fn write(&mut self, frame: &Frame) -> Result<(), ExpectedError> {
        let failed = |source| ExpectedError::File { path: self.part.clone(), source };
        let nanoseconds = frame.meta.time.map_or(0, |time| time.nanoseconds());
        let timestamp = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0));
        let missing = frame.meta.original_len.saturating_sub(frame.meta.captured_len);
        let captured = u32::try_from(frame.octets.len()).unwrap_or(u32::MAX);
        let (original_len, data) = (captured.saturating_add(missing), Cow::Borrowed(frame.octets.as_slice()));
        let link_type = frame.meta.link_type;
        let datalink = DataLink::from(u32::from(link_type.number()));
        let written = match &mut self.writer {
            Writer::Pcap(file, writer) => {
                if let Some(file) = file.take() {
                    let header = PcapHeader {
                        datalink,
                        ts_resolution: TsResolution::NanoSecond,
                        ..PcapHeader::default()
                    };
                    let begun = PcapWriter::with_header(file, header)
                        .map_err(std::io::Error::other)
                        .map_err(failed)?;
                    *writer = Some((link_type, Box::new(begun)));
                }
                match writer {
                    Some((known, writer)) if *known == link_type => writer
                        .write_packet(&PcapPacket { timestamp, orig_len: original_len, data })
                        .map(|_| ()),
                    _ => {
                        return Err(ExpectedError::Usage(format!(
                            "{}: pcap has no place for links of two types\nhint: name the copy with .pcapng",
                            self.path.display()
                        )));
                    }
                }
            }
            Writer::Pcapng(writer, interfaces) => {
                let known = interfaces.iter().position(|known| *known == link_type);
                let number = known.unwrap_or(interfaces.len());
                if known.is_none() {
                    interfaces.push(link_type);
                    let options = vec![InterfaceDescriptionOption::IfTsResol(9)];
                    let block = InterfaceDescriptionBlock { linktype: datalink, snaplen: 0, options };
                    writer.write_pcapng_block(block).map_err(std::io::Error::other).map_err(failed)?;
                }
                let interface_id = u32::try_from(number).unwrap_or(u32::MAX);
                let block =
                    EnhancedPacketBlock { interface_id, timestamp, original_len, data, options: Vec::new() };
                writer.write_pcapng_block(block).map(|_| ())
            }
        };
        written.map_err(std::io::Error::other).map_err(failed)
    }

    /// Writes the keys beside it, and gives it its name.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(mut self, keys: Tables) -> Result<(), ExpectedError> {
        let folder = self.path.with_extension("keys");
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| ExpectedError::File { path, source }
        };
        match std::mem::replace(&mut self.writer, Writer::Pcap(None, None)) {
            // A capture without a frame has a header all the same.
            Writer::Pcap(Some(file), _) => {
                let header = PcapHeader::default();
                PcapWriter::with_header(file, header)
                    .map_err(std::io::Error::other)
                    .map_err(at(&self.part))?;
            }
            Writer::Pcap(None, Some((_, writer))) => flush(writer.into_writer()).map_err(at(&self.part))?,
            Writer::Pcap(None, None) => {}
            Writer::Pcapng(writer, _) => flush(writer.into_inner()).map_err(at(&self.part))?,
        }
        keys.save(&folder)?;
        let mark = folder.join(MARK);
        let published = Published {
            made_by: format!("l2tpspec {}", env!("CARGO_PKG_VERSION")),
            pre_shared_key: PRE_SHARED_KEY.to_owned(),
            password: PASSWORD.to_owned(),
            tunnel_secret: SECRET.to_owned(),
        };
        let text = serde_json::to_string_pretty(&published).unwrap_or_default() + "\n";
        std::fs::write(&mark, text).map_err(at(&mark))?;
        std::fs::rename(&self.part, &self.path).map_err(at(&self.path))?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if !self.is_finished {
            let _gone = std::fs::remove_file(&self.part);
        }
    }
}

fn flush(file: BufWriter<File>) -> std::io::Result<()> {
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
}
