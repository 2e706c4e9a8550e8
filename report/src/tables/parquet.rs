//! A table as Parquet: one row group, plain pages, no compression, so that every reader can read it.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

/// A row of a table.
pub(super) trait Columns: Sized {
    /// Its columns in order.
    fn columns() -> Vec<Column<Self>>;
}

/// A column: its name and how its cells are had.
pub(super) struct Column<R> {
    pub(super) name: &'static str,
    pub(super) cell: Cell<R>,
}

/// What is in a column, and where it stands in the row.
pub(super) enum Cell<R> {
    Count(fn(&R) -> &u32),
    Long(fn(&R) -> &u64),
    MaybeLong(fn(&R) -> &Option<u64>),
    Money(fn(&R) -> &i64),
    MaybeMoney(fn(&R) -> &Option<i64>),
    Double(fn(&R) -> &f64),
    MaybeDouble(fn(&R) -> &Option<f64>),
    Text(fn(&R) -> &String),
}

/// Writes a table.
pub(super) fn write<R: Columns, W: Write + Send>(to: W, rows: &[&R]) -> Result<()> {
    let columns = R::columns();
    let fields = columns.iter().map(|column| column.schema().map(Arc::new)).collect::<Result<_>>()?;
    let schema = Arc::new(Type::group_type_builder("records").with_fields(fields).build()?);
    let mut file = SerializedFileWriter::new(to, schema, Arc::new(WriterProperties::new()))?;
    let mut group = file.next_row_group()?;
    for column in &columns {
        if let Some(mut writer) = group.next_column()? {
            column.write(&mut writer, rows)?;
            writer.close()?;
        }
    }
    group.close()?;
    file.close()?;
    Ok(())
}

impl<R> Column<R> {
    fn schema(&self) -> Result<Type> {
        let unsigned = |bit_width| Some(LogicalType::integer(bit_width, false));
        let (physical, logical) = match self.cell {
            Cell::Count(_) => (Physical::INT32, unsigned(32)),
            Cell::Long(_) | Cell::MaybeLong(_) => (Physical::INT64, unsigned(64)),
            Cell::Money(_) | Cell::MaybeMoney(_) => (Physical::INT64, None),
            Cell::Double(_) | Cell::MaybeDouble(_) => (Physical::DOUBLE, None),
            Cell::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let optional = matches!(self.cell, Cell::MaybeLong(_) | Cell::MaybeMoney(_) | Cell::MaybeDouble(_));
        let repetition = if optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        Type::primitive_type_builder(self.name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()
    }

    fn write(&self, to: &mut SerializedColumnWriter<'_>, rows: &[&R]) -> Result<()> {
        match self.cell {
            // Parquet keeps unsigned numbers in signed words and says so in the logical type.
            Cell::Count(cell) => required::<Int32Type, R>(to, rows, |row| *cell(row) as i32),
            Cell::Long(cell) => required::<Int64Type, R>(to, rows, |row| *cell(row) as i64),
            Cell::MaybeLong(cell) => optional::<Int64Type, R>(to, rows, |row| cell(row).map(|n| n as i64)),
            Cell::Money(cell) => required::<Int64Type, R>(to, rows, |row| *cell(row)),
            Cell::MaybeMoney(cell) => optional::<Int64Type, R>(to, rows, |row| *cell(row)),
            Cell::Double(cell) => required::<DoubleType, R>(to, rows, |row| *cell(row)),
            Cell::MaybeDouble(cell) => optional::<DoubleType, R>(to, rows, |row| *cell(row)),
            Cell::Text(cell) => {
                required::<ByteArrayType, R>(to, rows, |row| ByteArray::from(cell(row).as_str()))
            }
        }
    }
}

fn required<T: DataType, R>(
    to: &mut SerializedColumnWriter<'_>,
    rows: &[&R],
    cell: impl Fn(&R) -> T::T,
) -> Result<()> {
    let values: Vec<T::T> = rows.iter().map(|row| cell(row)).collect();
    to.typed::<T>().write_batch(&values, None, None).map(drop)
}

/// Cells that may be empty: the definition level is 1 where there is a value.
fn optional<T: DataType, R>(
    to: &mut SerializedColumnWriter<'_>,
    rows: &[&R],
    cell: impl Fn(&R) -> Option<T::T>,
) -> Result<()> {
    let cells: Vec<Option<T::T>> = rows.iter().map(|row| cell(row)).collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    to.typed::<T>().write_batch(&values, Some(&levels), None).map(drop)
}
