//! Thrift's binary protocol, as much of it as a batch of spans needs.

/// Type codes of the protocol.
const BOOL: u8 = 2;
const DOUBLE: u8 = 4;
const I32: u8 = 8;
const I64: u8 = 10;
const STRING: u8 = 11;
const STRUCT: u8 = 12;
const LIST: u8 = 15;
const STOP: u8 = 0;

/// Writes the fields of one struct; the stop byte follows when it is closed.
#[derive(Debug, Default)]
pub(super) struct Struct(Vec<u8>);

impl Struct {
    fn field(&mut self, kind: u8, id: i16) {
        self.0.push(kind);
        self.0.extend(id.to_be_bytes());
    }

    pub(super) fn bool(mut self, id: i16, value: bool) -> Self {
        self.field(BOOL, id);
        self.0.push(u8::from(value));
        self
    }

    pub(super) fn double(mut self, id: i16, value: f64) -> Self {
        self.field(DOUBLE, id);
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn i32(mut self, id: i16, value: i32) -> Self {
        self.field(I32, id);
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn i64(mut self, id: i16, value: i64) -> Self {
        self.field(I64, id);
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn string(mut self, id: i16, value: &str) -> Self {
        self.field(STRING, id);
        self.0.extend((value.len() as i32).to_be_bytes());
        self.0.extend(value.as_bytes());
        self
    }

    pub(super) fn structure(mut self, id: i16, value: Self) -> Self {
        self.field(STRUCT, id);
        self.0.extend(value.close());
        self
    }

    pub(super) fn list(mut self, id: i16, items: Vec<Self>) -> Self {
        self.field(LIST, id);
        self.0.push(STRUCT);
        self.0.extend((items.len() as i32).to_be_bytes());
        for item in items {
            self.0.extend(item.close());
        }
        self
    }

    /// The bytes of the whole struct.
    pub(super) fn close(mut self) -> Vec<u8> {
        self.0.push(STOP);
        self.0
    }
}
