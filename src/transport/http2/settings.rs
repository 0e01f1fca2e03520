//! What a client announces in SETTINGS frames: how many bytes of headers it takes, RFC 9113 section 6.5.

/// SETTINGS_MAX_HEADER_LIST_SIZE, section 6.5.2.
const MAX_HEADER_LIST_SIZE: u16 = 6;
/// GRPC_ALLOW_TRUE_BINARY_METADATA, which only gRPC's C core sends (C++, Python, Ruby, PHP).
const OF_THE_C_CORE: u16 = 0xfe03;

/// The C core announces 16 KiB, and from 8 KiB on it refuses headers at random, more of them the larger they are.
const OF_THE_C_CORE_FOR_SURE: u32 = 8 << 10;

/// Identifier and value.
const SETTING: usize = 6;

/// Reads the payloads of SETTINGS frames, which may come in pieces.
#[derive(Debug, Default)]
pub(super) struct Settings {
    setting: [u8; SETTING],
    filled: usize,
    announced: Option<u32>,
    is_c_core: bool,
    is_new: bool,
}

impl Settings {
    /// Reads the next bytes of a payload.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.setting[self.filled] = byte;
            self.filled += 1;
            if self.filled == SETTING {
                self.filled = 0;
                self.take();
            }
        }
    }

    fn take(&mut self) {
        let [id @ .., a, b, c, d] = self.setting;
        match u16::from_be_bytes(id) {
            MAX_HEADER_LIST_SIZE => self.announced = Some(u32::from_be_bytes([a, b, c, d])),
            OF_THE_C_CORE => self.is_c_core = true,
            _ => return,
        }
        self.is_new = true;
    }

    /// How many bytes of headers the client takes, if that has changed since this was last asked.
    pub(super) fn new_header_limit(&mut self) -> Option<u32> {
        if !std::mem::take(&mut self.is_new) {
            return None;
        }
        let announced = self.announced?;
        Some(if self.is_c_core {
            announced.min(OF_THE_C_CORE_FOR_SURE)
        } else {
            announced
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(id: u16, value: u32) -> Vec<u8> {
        [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()
    }

    #[test]
    fn the_limit_is_read_however_the_settings_are_split() {
        for (sent, limit) in [
            (vec![(4, 65_535)], None),
            (vec![(2, 0), (6, 16_384)], Some(16_384)),
            (vec![(6, 100), (6, 200)], Some(200)),
            (vec![(6, 16_384), (0xfe03, 1)], Some(8192)),
            (vec![(0xfe03, 1), (6, 4096)], Some(4096)),
            (vec![(0xfe03, 1)], None),
        ] {
            let sent: Vec<u8> = sent.iter().flat_map(|(id, value)| setting(*id, *value)).collect();
            for size in 1..=sent.len() {
                let mut settings = Settings::default();
                sent.chunks(size).for_each(|piece| settings.read(piece));
                assert_eq!(settings.new_header_limit(), limit, "{sent:?} in pieces of {size}");
                assert_eq!(settings.new_header_limit(), None, "it is told once");
            }
        }
    }
}
