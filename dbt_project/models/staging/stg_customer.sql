{{ replaces_ids_of('customer') }}
with

newest as (
    {{ newest_version('customer', ['customer_id', 'valid_from']) }}
),

renamed as (
    select
        customer_id,
        account_id,
        source,

        nullif(country, '') as country,
        nullif(region, '') as region,
        language,
        nullif(plan, '') as plan,
        nullif(industry, '') as industry,
        nullif(size_band, '') as size_band,
        nullif(acquisition_channel, '') as acquisition_channel,

        {{ instant('valid_from') }} as valid_from,
        {{ instant('joined_at') }} as joined_at,
        {{ known(instant('churned_at')) }} as churned_at
    from newest
),

final as (
    select * from renamed
    where valid_from < {{ as_of_end() }}
)

select * from final
