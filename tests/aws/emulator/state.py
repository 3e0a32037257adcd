"""What accounts hold, by account and Region: bags of records, single things, and recorded errors.

Knows nothing of AWS's operations. Reading a page costs as much as the page, however large the bag.
"""

GLOBAL = "global"


class Bag:
    """Records in the order AWS lists them, found by key as well. A deleted one leaves a gap, so positions stay."""

    __slots__ = ("records", "by_key", "tail_error")

    def __init__(self):
        self.records = []
        self.by_key = {}
        self.tail_error = None

    def add(self, key, record):
        self.by_key.setdefault(key, len(self.records))
        self.records.append(record)

    def get(self, key):
        position = self.by_key.get(key)
        return None if position is None else self.records[position]

    def merge(self, key, record):
        """Adds what this record says to the one with its key, or adds the record."""
        known = self.get(key)
        if known is None:
            self.add(key, record)
        elif isinstance(known, dict):
            known.update(record)

    def remove(self, key):
        position = self.by_key.pop(key, None)
        if position is not None:
            self.records[position] = None

    def __iter__(self):
        return (it for it in self.records if it is not None)

    def __bool__(self):
        return any(it is not None for it in self.records)


class Place:
    """One Region of one account."""

    def __init__(self, account, region):
        self.account, self.region = account, region
        self.bags = {}
        self.things = {}
        self.recorded = {}
        self.errors = {}
        self.index_of_resources = None

    def bag(self, collection, parent=()):
        """The bag, made if there is none."""
        return self.bags.setdefault((collection, parent), Bag())

    def find(self, collection, parent=()):
        """The bag, or None."""
        return self.bags.get((collection, parent))

    def bags_of(self, collection):
        return [(parent, bag) for (name, parent), bag in self.bags.items() if name == collection]

    def points_of(self, resource):
        """Recovery points of a resource in all vaults."""
        if self.index_of_resources is None:
            self.index_of_resources = {}
            for _, bag in self.bags_of("points"):
                for it in bag:
                    self.index_of_resources.setdefault(it.get("ResourceArn"), []).append(it)
        return self.index_of_resources.get(resource, [])


class Estate:
    """All accounts."""

    def __init__(self):
        self.places = {}
        self.seeded = False
        self.regions = set()

    def place(self, account, region):
        key = (account, region)
        found = self.places.get(key)
        if found is None:
            found = self.places[key] = Place(account, region)
        return found

    def organization(self):
        """The place of the account that the organization was recorded from, or None.

        Members record that there is an organization, only its management account or a delegate records lists.
        """
        found = None
        for (_, region), place in self.places.items():
            if region == GLOBAL and any(name.startswith("org-") for name, _ in place.bags):
                return place
            if found is None and region == GLOBAL and ("organization", ()) in place.things:
                found = place
        return found
