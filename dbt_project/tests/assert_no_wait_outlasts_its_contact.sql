-- Open time is part of all time, and our turns are part of the contact.
select
    clocked.interaction_id,
    clocked.resolution_calendar_minutes,
    clocked.resolution_business_minutes,
    waited.wait_calendar_minutes,
    waited.wait_business_minutes
from {{ ref('int_interactions_clocked') }} as clocked
left join {{ ref('int_interactions_waited') }} as waited
    on clocked.interaction_id = waited.interaction_id
where
    clocked.reply_business_minutes > clocked.reply_calendar_minutes + 0.000001
    or clocked.resolution_business_minutes > clocked.resolution_calendar_minutes + 0.000001
    or waited.wait_calendar_minutes > clocked.resolution_calendar_minutes + 0.000001
    or waited.wait_business_minutes > waited.wait_calendar_minutes + 0.000001
    or waited.wait_business_minutes > clocked.resolution_business_minutes + 0.000001
