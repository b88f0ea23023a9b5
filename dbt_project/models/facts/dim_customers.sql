with

customers as (
    select * from {{ ref('stg_customer') }}
),

final as (
    select
        customer_id,

        {%- for segment in customer_segments() %}
        coalesce({{ segment }}, 'unknown') as {{ segment }},
        {%- endfor %}

        valid_from,
        lead(valid_from) over (partition by customer_id order by valid_from) as valid_to,
        first_value(joined_at) over (
            partition by customer_id order by valid_from desc nulls last
        ) as joined_at,
        first_value(churned_at) over (
            partition by customer_id order by valid_from desc nulls last
        ) as churned_at
    from customers
)

select * from final
