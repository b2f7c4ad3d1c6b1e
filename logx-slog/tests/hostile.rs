//! The hostile table through this backend: always whole lines, the caller unharmed, later lines fine.

use logx::Encoding;
use logx::sink::stream;
use logx::testing::hostile::{Memory, check_table};
use logx_slog::SlogWriter;

#[test]
fn every_case_is_one_whole_line_in_json_and_in_plain_text() {
    let memory = Memory::default();
    for encoding in [Encoding::Json, Encoding::Plain] {
        logx::set_writer(SlogWriter::with_sink(stream(memory.clone()), encoding));
        check_table(encoding, &mut || memory.take());
    }
    logx::set_writer(SlogWriter::json(memory.clone()));
    check_table(Encoding::Json, &mut || memory.take());
}
