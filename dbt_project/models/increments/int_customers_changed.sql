with

-- a customer has segments of its account
final as (
    {%- if is_increment() %}
    {{ changed_ids('customer') }}
    union distinct
    select customer_id as id
    from {{ ref('stg_customer') }}
    where account_id in ({{ changed_ids('account') }})
    {%- else %}
    select cast(null as {{ t_string() }}) as id
    where 1 = 0
    {%- endif %}
)

select * from final
