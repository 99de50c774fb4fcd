"""Reads a Parquet file and prints its schema and rows, as pyarrow has them."""
import sys
import pyarrow.parquet as parquet

table = parquet.read_table(sys.argv[1])
for field in table.schema:
    print(field.name, field.type)
for row in table.to_pylist()[:3]:
    print([str(value) for value in row.values()])
print(table.num_rows, parquet.ParquetFile(sys.argv[1]).num_row_groups)
