-- What an account's charges came to, day by day: everything that sums them up reads this, and no charge. A charge has its sixteen columns
-- among everybody's of its day; these six stand together, a month of a thousand things in some hundred pages.
CREATE INDEX charge_costs ON charge (account, day, product, thing, list, net);
