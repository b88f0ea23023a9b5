with

digits as (
    {%- for digit in range(10) %}
    select {{ digit }} as digit
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

numbers as (
    select tens.digit * 10 + units.digit as number
    from digits as units
    cross join digits as tens
),

-- half-years that are over by the as-of day, back to fifty years ago
final as (
    select
        {{ add_months(half_year_of(as_of_end()), '-6 * number - 6') }} as half_year_start_date,
        {{ add_months(half_year_of(as_of_end()), '-6 * number') }} as next_half_year_date
    from numbers
)

select * from final
