{#- Everything that differs between warehouses stands in this file, and nowhere else.
    A new warehouse brings one body per macro, named `<adapter>__<macro>`. DuckDB, Postgres and Spark
    are held to the same numbers by tests/parity; bodies for others are compiled and not run.

    One thread through all of it: instants are UTC without a zone, days are dates, and a number that
    is divided, averaged or compared between warehouses is a double. -#}

{#- No body for this warehouse: the build stops before it can give another number. -#}
{% macro lacks_dialect(macro_name) %}
    {{- exceptions.raise_compiler_error(
        "the warehouse `" ~ target.type ~ "` has no body of the macro `" ~ macro_name
        ~ "`. Mend: add `" ~ target.type ~ "__" ~ macro_name ~ "` to macros/dialect.sql"
    ) -}}
{% endmacro %}


{#- ---------------------------------------------------------------- types ---- -#}

{% macro t_double() %}{{ return(adapter.dispatch('t_double', 'cxloop')()) }}{% endmacro %}
{% macro default__t_double() %}double{% endmacro %}
{% macro postgres__t_double() %}double precision{% endmacro %}
{% macro bigquery__t_double() %}float64{% endmacro %}

{% macro t_string() %}{{ return(adapter.dispatch('t_string', 'cxloop')()) }}{% endmacro %}
{% macro default__t_string() %}varchar{% endmacro %}
{% macro postgres__t_string() %}text{% endmacro %}
{% macro spark__t_string() %}string{% endmacro %}
{% macro bigquery__t_string() %}string{% endmacro %}

{#- An instant in UTC without a zone: arithmetic on it never asks for the session's zone. -#}
{% macro t_instant() %}{{ return(adapter.dispatch('t_instant', 'cxloop')()) }}{% endmacro %}
{% macro default__t_instant() %}timestamp{% endmacro %}
{% macro snowflake__t_instant() %}timestamp_ntz{% endmacro %}
{% macro bigquery__t_instant() %}datetime{% endmacro %}
{% macro trino__t_instant() %}timestamp(6){% endmacro %}

{% macro to_double(expression) %}cast({{ expression }} as {{ t_double() }}){% endmacro %}

{#- The nearest whole number, halves upwards: casts round halves in three different ways. -#}
{% macro to_bigint(expression) %}cast(floor({{ expression }} + 0.5) as bigint){% endmacro %}

{#- The sum of whole numbers, whole again: sums of integers have five types. -#}
{% macro sum_bigint(expression) %}cast(sum({{ expression }}) as bigint){% endmacro %}


{#- --------------------------------------------------------------- numbers ---- -#}

{% macro ratio(numerator, denominator) %}
{{- return(adapter.dispatch('ratio', 'cxloop')(numerator, denominator)) -}}
{% endmacro %}
{% macro default__ratio(numerator, denominator) -%}
({{ to_double(numerator) }} / nullif({{ to_double(denominator) }}, 0))
{%- endmacro %}

{#- The median, halfway between the two in the middle. An aggregate. -#}
{% macro median_of(expression) %}
{{- return(adapter.dispatch('median_of', 'cxloop')(expression)) -}}
{% endmacro %}
{% macro default__median_of(expression) -%}
percentile_cont(0.5) within group (order by {{ expression }})
{%- endmacro %}
{% macro bigquery__median_of(expression) %}{{ lacks_dialect('median_of') }}{% endmacro %}
{% macro trino__median_of(expression) %}{{ lacks_dialect('median_of') }}{% endmacro %}

{#- The same bucket on every warehouse: the first eight hex digits of md5, modulo `buckets`. -#}
{% macro hash_bucket(text, buckets) %}
{{- return(adapter.dispatch('hash_bucket', 'cxloop')(text, buckets)) -}}
{% endmacro %}
{% macro default__hash_bucket(text, buckets) %}{{ lacks_dialect('hash_bucket') }}{% endmacro %}
{% macro duckdb__hash_bucket(text, buckets) -%}
(cast('0x' || substring(md5({{ text }}), 1, 8) as bigint) % {{ buckets }})
{%- endmacro %}
{% macro postgres__hash_bucket(text, buckets) -%}
(cast(cast('x' || substring(md5({{ text }}), 1, 8) as bit(32)) as bigint) % {{ buckets }})
{%- endmacro %}
{% macro spark__hash_bucket(text, buckets) -%}
(cast(conv(substring(md5({{ text }}), 1, 8), 16, 10) as bigint) % {{ buckets }})
{%- endmacro %}
{% macro snowflake__hash_bucket(text, buckets) -%}
mod(to_number(substr(md5({{ text }}), 1, 8), 'XXXXXXXX'), {{ buckets }})
{%- endmacro %}
{% macro bigquery__hash_bucket(text, buckets) -%}
mod(cast('0x' || substr(to_hex(md5({{ text }})), 1, 8) as int64), {{ buckets }})
{%- endmacro %}
{% macro trino__hash_bucket(text, buckets) -%}
mod(from_base(substr(to_hex(md5(to_utf8({{ text }}))), 1, 8), 16), {{ buckets }})
{%- endmacro %}


{#- ---------------------------------------------------------- days and instants ---- -#}

{#- Days on from an instant, with its time of day. `days` is a whole number of any type. -#}
{% macro add_days(instant, days) %}
{{- return(adapter.dispatch('add_days', 'cxloop')(instant, days)) -}}
{% endmacro %}
{% macro default__add_days(instant, days) -%}
cast({{ dbt.dateadd('day', 'cast(' ~ days ~ ' as integer)', instant) }} as {{ t_instant() }})
{%- endmacro %}
{% macro duckdb__add_days(instant, days) -%}
({{ instant }} + to_days(cast({{ days }} as integer)))
{%- endmacro %}
{% macro postgres__add_days(instant, days) -%}
({{ instant }} + cast({{ days }} as integer) * interval '1 day')
{%- endmacro %}
{% macro spark__add_days(instant, days) -%}
timestampadd(day, cast({{ days }} as int), {{ instant }})
{%- endmacro %}
{% macro bigquery__add_days(instant, days) -%}
datetime_add(cast({{ instant }} as datetime), interval cast({{ days }} as int64) day)
{%- endmacro %}
{% macro trino__add_days(instant, days) -%}
date_add('day', cast({{ days }} as bigint), cast({{ instant }} as timestamp(6)))
{%- endmacro %}

{#- Minutes on from an instant. `minutes` is a number of any type; fractions count to the second. -#}
{% macro add_minutes(instant, minutes) %}
{{- return(adapter.dispatch('add_minutes', 'cxloop')(instant, minutes)) -}}
{% endmacro %}
{% macro default__add_minutes(instant, minutes) -%}
cast({{ dbt.dateadd('second', to_bigint('(' ~ minutes ~ ') * 60'), instant) }} as {{ t_instant() }})
{%- endmacro %}
{% macro duckdb__add_minutes(instant, minutes) -%}
({{ instant }} + to_seconds({{ to_bigint('(' ~ minutes ~ ') * 60') }}))
{%- endmacro %}
{% macro postgres__add_minutes(instant, minutes) -%}
({{ instant }} + {{ to_bigint('(' ~ minutes ~ ') * 60') }} * interval '1 second')
{%- endmacro %}
{% macro spark__add_minutes(instant, minutes) -%}
timestampadd(second, {{ to_bigint('(' ~ minutes ~ ') * 60') }}, {{ instant }})
{%- endmacro %}
{% macro bigquery__add_minutes(instant, minutes) -%}
datetime_add({{ instant }}, interval {{ to_bigint('(' ~ minutes ~ ') * 60') }} second)
{%- endmacro %}
{% macro trino__add_minutes(instant, minutes) -%}
date_add('second', {{ to_bigint('(' ~ minutes ~ ') * 60') }}, {{ instant }})
{%- endmacro %}

{#- The day so many months on, or the last one of a shorter month. -#}
{% macro add_months(day, months) %}
{{- return(adapter.dispatch('add_months', 'cxloop')(day, months)) -}}
{% endmacro %}
{% macro default__add_months(day, months) -%}
cast({{ dbt.dateadd('month', 'cast(' ~ months ~ ' as integer)', day) }} as date)
{%- endmacro %}
{% macro duckdb__add_months(day, months) -%}
cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}
{% macro postgres__add_months(day, months) -%}
cast({{ day }} + cast({{ months }} as integer) * interval '1 month' as date)
{%- endmacro %}
{% macro spark__add_months(day, months) -%}
add_months(cast({{ day }} as date), cast({{ months }} as int))
{%- endmacro %}
{% macro bigquery__add_months(day, months) -%}
date_add(cast({{ day }} as date), interval cast({{ months }} as int64) month)
{%- endmacro %}
{% macro trino__add_months(day, months) -%}
date_add('month', cast({{ months }} as bigint), cast({{ day }} as date))
{%- endmacro %}

{#- The first day of the month, and the Monday of the week, of a date or an instant. -#}
{% macro month_of(instant) %}{{ return(adapter.dispatch('month_of', 'cxloop')(instant)) }}{% endmacro %}
{% macro default__month_of(instant) -%}
cast(date_trunc('month', cast({{ instant }} as {{ t_instant() }})) as date)
{%- endmacro %}
{% macro bigquery__month_of(instant) -%}
date_trunc(cast({{ instant }} as date), month)
{%- endmacro %}

{% macro week_of(instant) %}{{ return(adapter.dispatch('week_of', 'cxloop')(instant)) }}{% endmacro %}
{% macro default__week_of(instant) -%}
cast(date_trunc('week', cast({{ instant }} as {{ t_instant() }})) as date)
{%- endmacro %}
{% macro snowflake__week_of(instant) -%}
dateadd(day, 1 - dayofweekiso({{ instant }}), cast({{ instant }} as date))
{%- endmacro %}
{% macro bigquery__week_of(instant) -%}
date_trunc(cast({{ instant }} as date), isoweek)
{%- endmacro %}

{#- 1 is Monday, 7 is Sunday. -#}
{% macro weekday_of(instant) %}
{{- return(adapter.dispatch('weekday_of', 'cxloop')(instant)) -}}
{% endmacro %}
{% macro default__weekday_of(instant) %}{{ lacks_dialect('weekday_of') }}{% endmacro %}
{% macro duckdb__weekday_of(instant) -%}
cast(extract(isodow from {{ instant }}) as bigint)
{%- endmacro %}
{% macro postgres__weekday_of(instant) -%}
cast(extract(isodow from {{ instant }}) as bigint)
{%- endmacro %}
{% macro spark__weekday_of(instant) -%}
cast(weekday({{ instant }}) + 1 as bigint)
{%- endmacro %}
{% macro snowflake__weekday_of(instant) -%}
cast(dayofweekiso({{ instant }}) as bigint)
{%- endmacro %}
{% macro bigquery__weekday_of(instant) -%}
mod(extract(dayofweek from {{ instant }}) + 5, 7) + 1
{%- endmacro %}
{% macro trino__weekday_of(instant) -%}
day_of_week({{ instant }})
{%- endmacro %}

{#- Whole days from one day to another, negative when the second comes first. -#}
{% macro days_between(start_day, end_day) %}
{{- return(adapter.dispatch('days_between', 'cxloop')(start_day, end_day)) -}}
{% endmacro %}
{% macro default__days_between(start_day, end_day) -%}
cast({{ dbt.datediff('cast(' ~ start_day ~ ' as date)', 'cast(' ~ end_day ~ ' as date)', 'day') }} as bigint)
{%- endmacro %}
{% macro duckdb__days_between(start_day, end_day) -%}
date_diff('day', cast({{ start_day }} as date), cast({{ end_day }} as date))
{%- endmacro %}
{% macro postgres__days_between(start_day, end_day) -%}
cast(cast({{ end_day }} as date) - cast({{ start_day }} as date) as bigint)
{%- endmacro %}
{% macro spark__days_between(start_day, end_day) -%}
cast(datediff(cast({{ end_day }} as date), cast({{ start_day }} as date)) as bigint)
{%- endmacro %}
{% macro bigquery__days_between(start_day, end_day) -%}
date_diff(cast({{ end_day }} as date), cast({{ start_day }} as date), day)
{%- endmacro %}
{% macro trino__days_between(start_day, end_day) -%}
date_diff('day', cast({{ start_day }} as date), cast({{ end_day }} as date))
{%- endmacro %}

{#- Minutes from one instant to another as a double, exact to the microsecond. -#}
{% macro minutes_between(start_at, end_at) %}
{{- return(adapter.dispatch('minutes_between', 'cxloop')(start_at, end_at)) -}}
{% endmacro %}
{% macro default__minutes_between(start_at, end_at) %}
{{- lacks_dialect('minutes_between') -}}
{% endmacro %}
{% macro duckdb__minutes_between(start_at, end_at) -%}
(cast(date_diff('microsecond', {{ start_at }}, {{ end_at }}) as double) / 60000000.0)
{%- endmacro %}
{% macro postgres__minutes_between(start_at, end_at) -%}
(
    cast(extract(epoch from ({{ end_at }} - {{ start_at }})) * 1000000 as double precision)
    / 60000000.0
)
{%- endmacro %}
{% macro spark__minutes_between(start_at, end_at) -%}
(
    cast(unix_micros({{ end_at }}) - unix_micros({{ start_at }}) as double)
    / cast(60000000 as double)
)
{%- endmacro %}
{% macro snowflake__minutes_between(start_at, end_at) -%}
(cast(datediff('microsecond', {{ start_at }}, {{ end_at }}) as double) / 60000000)
{%- endmacro %}
{% macro bigquery__minutes_between(start_at, end_at) -%}
(cast(datetime_diff({{ end_at }}, {{ start_at }}, microsecond) as float64) / 60000000)
{%- endmacro %}
{#- Trino counts no microseconds. -#}
{% macro trino__minutes_between(start_at, end_at) -%}
(cast(date_diff('millisecond', {{ start_at }}, {{ end_at }}) as double) / 60000)
{%- endmacro %}


{#- ------------------------------------------------- where rows are read and written ---- -#}

{#- A source's rows. Spark reads the files of the lake in place; the others know the source by name. -#}
{% macro source(source_name, table_name) %}
    {%- set named = builtins.source(source_name, table_name) -%}
    {{ return(adapter.dispatch('source_rows', 'cxloop')(named, source_name, table_name)) }}
{% endmacro %}
{% macro default__source_rows(named, source_name, table_name) %}{{ return(named) }}{% endmacro %}
{% macro spark__source_rows(named, source_name, table_name) %}
    {#- a unit test has put rows of its own in the place of the source -#}
    {%- if named.schema != source_name -%}{{ return(named) }}{%- endif -%}
    {%- set lake = env_var('CXLOOP_SPARK_LAKE', '') or env_var('CXLOOP_LAKE') -%}
    {{ return(api.Relation.create(
        schema='parquet',
        identifier=lake ~ '/' ~ source_name ~ '/' ~ table_name,
        quote_policy={'identifier': true},
    )) }}
{% endmacro %}

{#- Every table that is built gets a directory nobody has used: what a killed build left behind blocks
    nothing, and nothing is ever read from it. After a build cxloop deletes what no table uses. -#}
{% macro fresh_directory() %}
    {%- set root = env_var('CXLOOP_SPARK_TABLES', '') -%}
    {%- if not root and execute -%}
        {{- exceptions.raise_compiler_error(
            "CXLOOP_SPARK_TABLES is missing: the directory, seen by every worker, in which Spark keeps"
            ~ " the tables. Mend: set it, e.g. to /shared/cxloop/tables"
        ) -}}
    {%- endif -%}
    {{- return([root, this.schema, this.identifier, invocation_id] | join('/')) -}}
{% endmacro %}
{% macro spark__location_clause() %}
      location '{{ fresh_directory() }}'
{% endmacro %}

{% macro spark__file_format_clause() %}
      using {{ config.get('file_format', default='parquet') }}
{% endmacro %}

{#- What a model runs before its new rows are added, so that those of `condition` are gone. Parquet
    tables know no `delete`: there the rows that stay are named, and written with the new ones. -#}
{% macro removal_of_rows(condition) %}
{{- return(adapter.dispatch('removal_of_rows', 'cxloop')(condition)) -}}
{% endmacro %}
{% macro default__removal_of_rows(condition) %}
    {{- return('delete from {{ this }} where ' ~ condition) -}}
{% endmacro %}
{% macro spark__removal_of_rows(condition) %}
    {{- return(
        'create or replace temporary view {{ this.identifier }}__kept as'
        ~ ' select * from {{ this }} where (' ~ condition ~ ') is not true'
    ) -}}
{% endmacro %}
{#- A child of Spark's adapter, whose tables know `delete`. -#}
{% macro databricks__removal_of_rows(condition) %}
    {{- return(default__removal_of_rows(condition)) -}}
{% endmacro %}

{#- In the place of what dbt-spark would run. Rows that stay and new ones go to a directory of their own,
    to which the table is then pointed: readers, and who comes after a kill, meet the old or the new. -#}
{% macro dbt_spark_get_incremental_sql(strategy, source, target, existing, unique_key, predicates) %}
    {%- set columns = adapter.get_columns_in_relation(target) -%}
    {%- call statement('rows_written') -%}
        insert overwrite directory '{{ fresh_directory() }}' {{ file_format_clause() }}
        select {{ columns | map(attribute='quoted') | join(', ') }}
        from {{ target.identifier }}__kept
        union all
        select
            {%- for column in columns %}
            cast({{ column.quoted }} as {{ column.dtype }}) as {{ column.quoted }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ source }}
    {%- endcall -%}
    alter table {{ target }} set location '{{ fresh_directory() }}'
{% endmacro %}

{#- Contracts name types as DuckDB does; here they get the warehouse's own name. -#}
{% macro contract_type(data_type) %}
{{- return(adapter.dispatch('contract_type', 'cxloop')(data_type)) -}}
{% endmacro %}
{% macro default__contract_type(data_type) %}
    {{- return({'varchar': t_string(), 'double': t_double()}.get(data_type, data_type)) -}}
{% endmacro %}
{% macro in_contract_types(columns) %}
    {%- set named = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do named.update({name: dict(column, data_type=contract_type(column.data_type))}) -%}
    {%- endfor -%}
    {{ return(named) }}
{% endmacro %}
{% macro spark__get_empty_schema_sql(columns) %}
    {{ return(default__get_empty_schema_sql(in_contract_types(columns))) }}
{% endmacro %}
{% macro postgres__get_empty_schema_sql(columns) %}
    {{ return(default__get_empty_schema_sql(in_contract_types(columns))) }}
{% endmacro %}
{#- Texts are compared byte by byte, as in the other warehouses, whatever the database's language. -#}
{% macro postgres__get_table_columns_and_constraints() %}
    {%- set named = {} -%}
    {%- for name, column in in_contract_types(model.columns).items() -%}
        {%- set collated = 'text collate "C"' if column.data_type == t_string() else column.data_type -%}
        {%- do named.update({name: dict(column, data_type=collated)}) -%}
    {%- endfor %}
    ({{ adapter.render_raw_columns_constraints(raw_columns=named) | join(', ') }})
{% endmacro %}

{#- Postgres guesses how many rows a new table has, and joins badly, until it is told. -#}
{% macro after_build() %}{{ return(adapter.dispatch('after_build', 'cxloop')()) }}{% endmacro %}
{% macro default__after_build() %}{% endmacro %}
{% macro postgres__after_build() %}analyze {{ this }}{% endmacro %}
