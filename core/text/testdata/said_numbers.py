"""Writes said_numbers.tsv: numbers as num2words says them.

    pip install -r requirements.txt && python3 said_numbers.py >said_numbers.tsv
"""
from num2words import num2words

numbers = sorted({*range(0, 121), *range(190, 2100, 37), *(10 ** n for n in range(2, 13)), 815, 1100, 1234, 1905, 1984, 1999, 2000, 2005, 2026, 4711, 9999, 12345, 100001, 250000, 987654, 1000001, 12345678, 999999999})
for n in numbers:
    print(n, "cardinal", num2words(n), sep="\t")
    if n < 2000:
        print(f"{n}th", "ordinal", num2words(n, to="ordinal"), num2words(n, to="ordinal_num"), sep="\t")
    if 1000 < n < 10000:
        print(n, "year", num2words(n, to="year"), sep="\t")
for n in ("0.5", "3.14", "12.75", "100.01"):
    print(n, "decimal", num2words(n), sep="\t")
